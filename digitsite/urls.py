"""Addresses of the whole site: the admin, and everything of the recognizer's."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("recognizer.urls")),
]

handler400 = "recognizer.views.bad_request"
handler403 = "recognizer.views.forbidden"
handler404 = "recognizer.views.not_found"
handler500 = "recognizer.views.server_error"
