"""The admin: stock Django with our lists and pages in it, one file for each noun."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from recognizer.admin import activations, submissions, versions

__all__ = ["activations", "submissions", "versions"]

admin.site.site_header = "Digitsite"
admin.site.site_title = "Digitsite"
admin.site.index_title = _("At a glance")
