"""Print the lowest supported versions, from ``pyproject.toml``, as requirements that are exactly these.

pip install $(python .ci/lowest.py)
"""

import re
import tomllib
from pathlib import Path

NOT_TESTED = {"jax"}
"""Optional libraries, whose own requirements are above these bounds or whose tests take long."""


def lowest(text: str) -> list[str]:
    """``name==bound`` for each ``name>=bound`` among the dependencies and the tools of the tests."""
    project = tomllib.loads(text)["project"]
    found = []
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        matched = re.fullmatch(r"([A-Za-z0-9-]+)>=([0-9.]+)", requirement)
        if matched is None:
            raise ValueError(f"a requirement must be NAME>=VERSION, got {requirement!r}")
        if matched[1] not in NOT_TESTED:
            found.append(f"{matched[1]}=={matched[2]}")
    return found


if __name__ == "__main__":
    print(*lowest((Path(__file__).parents[1] / "pyproject.toml").read_text()), sep="\n")
