// Tells the server in which time zone the reader is, from the login page on.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

if (zone && !document.cookie.split("; ").includes(`timezone=${zone}`)) {
    document.cookie = `timezone=${zone}; path=/admin/; max-age=31536000; samesite=lax`;
}
