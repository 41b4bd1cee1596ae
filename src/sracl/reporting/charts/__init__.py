"""Charts as inline SVG: colours come from the page's style, so that they follow its light and dark."""
