"""Examples: each measures something, draws it for a page of ``docs/``, and can be checked against that page.

``python -m examples`` lists them. An example is a module with

- a docstring whose first line says what it shows,
- ``PAGE``, the page of ``docs/`` that it feeds,
- ``PICTURES``, the sizes in pixels (width, height) of the files that it draws,
- ``TOLERANCE``, how far a repeated number may be from the stored one: 0 means equal to five digits, None that no
  number is the same twice,
- ``run(quick)``, which measures and gives a `Result`; with `quick` only numbers that take seconds, the same ones,
- ``quotes(numbers)``, the lines of the page that are made of these numbers.
"""
