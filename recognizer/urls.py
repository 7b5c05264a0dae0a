"""Addresses of the pages and of what programs use."""

from django.urls import path

from recognizer import views

urlpatterns = [
    path("", views.index, name="index"),
    path("upload", views.upload, name="upload"),
    path("read", views.read, name="read"),
    path("why", views.why, name="why"),
    path("history", views.history, name="history"),
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
    path("healthz", views.health, name="health"),
]
