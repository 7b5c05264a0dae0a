"""placeholder while the pages are built"""

from django.http import HttpResponse


def csrf_failure(request, reason=""):
    return HttpResponse(status=403)


bad_request = forbidden = not_found = server_error = csrf_failure
