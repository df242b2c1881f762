"""What new worker processes have done already when they are forked: the imports, which take longer than a whole file of tests."""

import scrub_widgets as sw
import scrub_widgets.cluster

sw.load_task("induction").prepare()
assert scrub_widgets.cluster
