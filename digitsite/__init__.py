"""The Django project: settings, URLs, the WSGI door."""
