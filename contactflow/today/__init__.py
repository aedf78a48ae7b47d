"""The start page: what needs a person, what is due, whether it works. A module per part, put together by `page`."""
