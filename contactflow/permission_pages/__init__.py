"""/u/{token} and /p/{token}: where people without an account leave a brand, or choose what they get."""
