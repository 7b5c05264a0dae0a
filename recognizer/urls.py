"""Addresses of the pages and of what programs use."""

from django.urls import path

from recognizer import views

urlpatterns = [
    path("", views.index, name="index"),
    path("upload", views.upload, name="upload"),
    path("read", views.read, name="read"),
    path("why", views.why, name="why"),
    path("history", views.history, name="history"),
    path("history/export.zip", views.export, name="export"),
    path("history/delete", views.delete_all, name="delete_all"),
    path("history/deleted", views.all_deleted, name="all_deleted"),
    path("readings/<uuid:submission_id>", views.reading, name="reading"),
    path("readings/<uuid:submission_id>/image.png", views.image, name="image"),
    path("readings/<uuid:submission_id>/digit.png", views.digit, name="digit"),
    path("readings/<uuid:submission_id>/why", views.reading_why, name="reading_why"),
    path("readings/<uuid:submission_id>/steps", views.reading_steps, name="reading_steps"),
    path(
        "readings/<uuid:submission_id>/steps/<slug:name>.png",
        views.reading_step,
        name="reading_step",
    ),
    path("readings/<uuid:submission_id>/claim", views.claim, name="claim"),
    path("readings/<uuid:submission_id>/delete", views.delete, name="delete"),
    path("readings/<uuid:submission_id>/share", views.share, name="share"),
    path("readings/<uuid:submission_id>/unshare", views.unshare, name="unshare"),
    path("shared/<slug:token>", views.shared, name="shared"),
    path("shared/<slug:token>/image.png", views.shared_image, name="shared_image"),
    path("shared/<slug:token>/digit.png", views.shared_digit, name="shared_digit"),
    path("about", views.about, name="about"),
    path("language", views.language, name="set_language"),
    path("sw.js", views.service_worker, name="service_worker"),
    path("offline", views.offline_page, name="offline"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("healthz", views.health, name="health"),
]
