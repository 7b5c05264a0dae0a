"""Pages are compressed for those who take that; nothing else is."""

import gzip

import pytest

pytestmark = pytest.mark.django_db


def test_a_page_is_compressed(client, active_version):
    response = client.get("/history", headers={"Accept-Encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    assert b"</html>" in gzip.decompress(response.content)
    assert "Accept-Encoding" in response["Vary"]


def test_what_is_no_page_goes_as_it_is(client, active_version):
    response = client.get("/healthz", headers={"Accept-Encoding": "gzip"})
    assert not response.has_header("Content-Encoding")


def test_who_does_not_take_it_gets_the_page_as_it_is(client, active_version):
    response = client.get("/history")
    assert not response.has_header("Content-Encoding")
    assert b"</html>" in response.content
