"""Single pictures: their layers and pixels, their colour, their size."""
