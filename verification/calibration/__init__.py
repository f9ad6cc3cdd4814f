"""``python -m verification.calibration``: what calibration wins, in the tables of ``docs/calibration.md``.

Each network is run on all held-out images as a circuit in split encoding, as it is mapped and calibrated, and in fixed
point of as many levels as the streams have cycles, calibrated by the same steps.
"""
