"""In between and change: the way from one digit to another, and a digit made thicker, more slanted or wider."""
