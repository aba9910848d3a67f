import contextlib
import io
import os
import pathlib
import re

from .support import DaemonCase

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"


class Readme(DaemonCase):
    def test_the_examples(self):
        os.environ["SKYLINEDB_SOCKET"] = self.socket
        out = io.StringIO()
        names = {}
        for block in re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL):
            with contextlib.redirect_stdout(out):
                exec(block.replace("/home/ada/app", self.dir.replace("\\", "/")), names)
        names["db"].close()
        self.assertEqual(out.getvalue(), "1 Sirius\n('Sirius',)\n('Vega',)\n('Rigel',)\n")
