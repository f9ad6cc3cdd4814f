"""Speed, measured on this host in one run: ``python -m benchmarks`` from the repository root.

Every figure is compared with others of the same run, since the speed of a shared host drifts.
"""
