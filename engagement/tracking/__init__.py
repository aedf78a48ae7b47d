"""What people do with emails: links that lead through us, a picture that is fetched, and who that was.

`links` writes them, `doors` answers them, `verdicts` says of a message's hits who made each (over `agents` and
`networks`), `labelling` keeps those labels, `engaged` tells the workflows.
"""
