"""What every part of the HTTP API shares: keys, throttling, errors, bodies, pages, repeated requests, the schema.

REST framework reaches these modules by the dotted paths in the settings; the apps below never import them.
"""
