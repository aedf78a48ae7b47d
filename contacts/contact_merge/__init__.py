"""Two rows that are one person: which values stay, which permission holds, and how rows go over and come back.

contactflow.contact_merge composes this with what the other rooms know.
"""
