"""The Jupyter widget: a thin adapter between a :class:`~scrub_widgets.session.Session` and the view in ``js/``."""

from .widget import ScrubWidget

__all__ = ["ScrubWidget"]
