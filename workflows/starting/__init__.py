"""Starting workflows because somebody asks: for one contact by hand, for everybody who matches."""
