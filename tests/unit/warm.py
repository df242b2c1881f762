"""What new worker processes have done already when they are forked: the imports, which take longer than a whole file of tests."""

import scrub_widgets as sw
from scrub_widgets import cluster

__all__ = ["cluster"]

sw.load_task("induction").prepare()
