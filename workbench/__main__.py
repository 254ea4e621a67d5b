"""The command `workbench`. `--version` is answered here, before anything of a third party is imported."""

from __future__ import annotations

import gc
import sys

from workbench import __version__

_VERSION = {"--version", "-V"}


def main() -> int:
    """Run the command line and give its exit code."""
    arguments = sys.argv[1:]
    if _VERSION.intersection(arguments) and _VERSION.union({"--json", "--no-color"}).issuperset(arguments):
        return _print_version(as_json="--json" in arguments)
    # While modules are read nothing is garbage, and it is looked for a hundred times.
    gc.set_threshold(50_000)
    try:
        from workbench.cli.app import run

        return run(arguments)
    except KeyboardInterrupt:  # while modules were still being read
        return 130


def _print_version(*, as_json: bool) -> int:
    try:
        print(f'{{"version": "{__version__}"}}' if as_json else f"workbench {__version__}", flush=True)
    except OSError:
        # The other face's way to fail (a closed pipe, a full disk) is the right one here as well.
        from workbench.cli.failures import abandon_output

        return abandon_output(sys.exception())
    return 0


if __name__ == "__main__":
    sys.exit(main())
