"""Lists of people in the admin: imports in four steps, exports in two."""

from __future__ import annotations

from workflows.admin.transfers import exports, imports

__all__ = ["exports", "imports"]
