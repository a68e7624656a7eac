"""The platform as a picture: cards for declarations, links for edges. Drawn as SVG, and as a page that can be searched."""
