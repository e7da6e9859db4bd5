"""How clouds, fields and curves of the plane are drawn, on pages and on paper."""
