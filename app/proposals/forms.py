"""A proposal where somebody was faster."""

from wtforms import FloatField

from app.kernel.i18n import N_
from app.web.form import Form


class PositionForm(Form):
    """A position beside another one, where somebody was faster."""

    lat = FloatField(N_("Latitude"))
    lon = FloatField(N_("Longitude"))
