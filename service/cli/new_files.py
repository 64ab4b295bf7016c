"""New files: where a command may write what it gives out, without taking anything's place."""

from pathlib import Path

import click


class NewFile(click.ParamType[Path]):
    """A file that is not there yet, in a directory that is."""

    name = "file"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        path = Path(str(value))
        if path.exists() or not path.parent.is_dir():
            self.fail(f"{path} is there already, or its directory is not", param, ctx)
        return path


to_file = click.option("--out", type=NewFile(), required=True, help="File to write.")
