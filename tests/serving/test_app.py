"""The service answers as the library does, and every bad request gets a clear 4xx."""

import pytest
from fastapi.testclient import TestClient

from sracl.recommender import Recommender
from sracl.serving.app import make_app
from sracl.serving.limits import BODY_BYTES, HISTORY_ITEMS
from sracl.serving.models import Models

HISTORY = ["i00", "i06", "i12"]


def ask(client, **request):
    return client.post("/v1/recommendations", json=request)


def test_recommends_after_a_history_as_the_library_does(client, run_dir) -> None:
    answer = ask(client, history=HISTORY, k=5).json()
    wanted = Recommender.load(run_dir).recommend_histories([HISTORY], k=5)
    assert [item["item_id"] for item in answer["items"]] == wanted["item_id"].to_list()
    assert [item["score"] for item in answer["items"]] == pytest.approx(wanted["score"].to_list(), rel=1e-5)
    assert answer["items"][0]["title"].endswith(str(int(answer["items"][0]["item_id"][1:])))
    assert answer["model"].startswith("shop@")


def test_somebody_without_history_gets_what_most_people_chose_and_is_told(client, run_dir) -> None:
    answer = ask(client, history=[], k=5).json()
    wanted = Recommender.load(run_dir).recommend_histories([[]], k=5)
    assert [item["item_id"] for item in answer["items"]] == wanted["item_id"].to_list()
    assert [item["score"] for item in answer["items"]] == wanted["score"].to_list()
    assert answer["source"] == "popularity"
    assert ask(client, history=HISTORY).json()["source"] == "model"
    filtered = ask(client, history=[], k=1000, filters={"brand": "brand 1"}, exclude=["i01"]).json()["items"]
    assert {int(item["item_id"][1:]) % 4 for item in filtered} == {1}
    assert "i01" not in {item["item_id"] for item in filtered}


def test_recommends_to_a_known_user_as_the_library_does(client, run_dir) -> None:
    answer = ask(client, user_id="u003", k=4, exclude_seen=True).json()
    wanted = Recommender.load(run_dir).recommend(["u003"], k=4, exclude_seen=True)
    assert [item["item_id"] for item in answer["items"]] == wanted["item_id"].to_list()


def test_leaves_out_what_is_excluded_seen_or_filtered_away(client) -> None:
    everything = [item["item_id"] for item in ask(client, history=HISTORY, k=1000).json()["items"]]
    assert len(everything) == 30
    answer = ask(client, history=HISTORY, k=1000, exclude=[everything[0], "no such item"], exclude_seen=True).json()
    assert [item["item_id"] for item in answer["items"]] == [i for i in everything[1:] if i not in HISTORY]
    answer = ask(client, history=HISTORY, k=1000, filters={"brand": ["brand 1", "brand 2"]}).json()
    assert [i["item_id"] for i in answer["items"]] == [i for i in everything if int(i[1:]) % 4 in (1, 2)]
    assert ask(client, history=HISTORY, filters={"brand": "no such brand"}).json()["items"] == []


@pytest.mark.parametrize(
    ("request_", "status", "told"),
    [
        ({}, 422, "give either user_id or history"),
        ({"history": HISTORY, "user_id": "u003"}, 422, "give either user_id or history"),
        ({"history": ["nothing", *HISTORY]}, 404, "1 unknown item id(s): 'nothing'"),
        ({"history": ["i00"] * (HISTORY_ITEMS + 1)}, 422, "at most"),
        ({"history": [1.5]}, 422, "history.0"),
        ({"history": "i00"}, 422, "valid list"),
        ({"history": [["i00"]]}, 422, "history.0"),
        ({"user_id": "nobody"}, 404, "unknown user id: 'nobody'"),
        ({"history": HISTORY, "k": 0}, 422, "k: "),
        ({"history": HISTORY, "k": 1_000_000}, 422, "k: "),
        ({"history": HISTORY, "k": "3"}, 422, "k: "),
        ({"history": HISTORY, "filters": {"colour": "red"}}, 422, "no field 'colour'; there are: title, brand"),
        ({"history": HISTORY, "filters": {"brand": []}}, 422, "1 to 100 values"),
        ({"history": HISTORY, "model": "gone"}, 422, "no model 'gone'; there are: shop, other"),
        ({"history": HISTORY, "surprise": 1}, 422, "surprise"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(client, request_: dict, status: int, told: str) -> None:
    answer = client.post("/v1/recommendations", json=request_)
    assert answer.status_code == status
    assert told in answer.json()["detail"]
    assert len(answer.content) < 2000


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b"\xff\xfe", b'{"history": NaN}'])
def test_a_body_that_is_no_request_is_refused(client, body: bytes) -> None:
    answer = client.post("/v1/recommendations", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_a_long_history_is_read_from_its_end(client) -> None:
    long = ask(client, history=["i01"] * 1000 + HISTORY, k=3).json()["items"]
    assert long == ask(client, history=["i01"] * 100 + HISTORY, k=3).json()["items"]


def test_a_huge_body_is_refused_whether_its_length_is_stated_or_not(client) -> None:
    body = b'{"history": ["' + b"x" * BODY_BYTES + b'"]}'
    assert client.post("/v1/recommendations", content=body).status_code == 413
    answer = client.post("/v1/recommendations", content=iter([body[:1000], body[1000:]]))
    assert answer.status_code == 413
    assert "1,000,000 bytes" in answer.json()["detail"]


def test_items_are_looked_up_searched_and_compared(client, run_dir) -> None:
    one = client.get("/v1/items/i07").json()
    assert one == {
        "item_id": "i07",
        "title": "lipstick number 7",
        "fields": {"title": "lipstick number 7", "brand": "brand 3"},
    }
    assert client.get("/v1/items/none").status_code == 404
    found = client.get("/v1/items", params={"query": "lipstick number 7"}).json()["items"]
    assert found[0]["item_id"] == "i07"
    assert client.get("/v1/items", params={"query": "x" * 301}).status_code == 422
    similar = client.get("/v1/items/i07/similar", params={"k": 3}).json()["items"]
    wanted = Recommender.load(run_dir).similar_items(["i07"], 3)
    assert [item["item_id"] for item in similar] == wanted["similar_item_id"].to_list()
    assert client.get("/v1/items/i07/similar", params={"k": 0}).status_code == 422


def test_explains_without_telling_who(client, run_dir) -> None:
    answer = client.post("/v1/explanations", json={"history": HISTORY, "k": 3})
    told = answer.json()
    assert len(told["histories"]) == 3
    assert [one["title"] for one in told["items"]] == [f"shampoo number {n}" for n in (0, 6, 12)]
    assert all(len(one["neighbours"]) == 3 for one in told["items"])
    assert "u0" not in answer.text
    wanted = told["histories"][0]["next_title"]
    item = client.get("/v1/items", params={"query": wanted, "k": 1}).json()["items"][0]["item_id"]
    asked = client.post("/v1/explanations", json={"history": HISTORY, "item_id": item, "k": 1}).json()
    assert asked["histories"][0]["has_item"]


def test_a_service_without_explainers_says_so(models) -> None:
    with TestClient(make_app(models)) as bare:
        answer = bare.post("/v1/explanations", json={"history": HISTORY})
        assert answer.status_code == 404
        assert "--explain" in answer.json()["detail"]
        assert bare.get("/v1/items", params={"query": "soap"}).status_code == 404


def test_health_readiness_models_and_metrics(client) -> None:
    assert client.get("/health").json() == {"status": "alive"}
    assert [label.partition("@")[0] for label in client.get("/ready").json()["models"]] == ["shop", "other"]
    facts = client.get("/v1/models").json()["models"][0]
    assert facts["items"] == 30
    assert facts["search"] == "meaning"
    assert facts["explains"]
    ask(client, history=HISTORY)
    ask(client, history=["a secret id"])
    metrics = client.get("/metrics").text
    assert 'sracl_requests_total{path="/v1/recommendations",status="200"}' in metrics
    assert 'sracl_model{name="shop"' in metrics
    assert "secret" not in metrics


def test_the_interface_is_described(client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths["/v1/recommendations"]["post"]["responses"]) >= {"200", "404", "413", "422", "503"}
    assert client.get("/docs").status_code == 200


def test_a_token_is_wanted_where_there_is_one(models) -> None:
    with TestClient(make_app(models, token="s3cret")) as guarded:
        request = {"history": HISTORY, "k": 1}
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "s3cret"}):
            answer = guarded.post("/v1/recommendations", json=request, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "s3cret" not in answer.text
        good = {"Authorization": "Bearer s3cret"}
        assert guarded.post("/v1/recommendations", json=request, headers=good).status_code == 200
        assert guarded.get("/v1/items/i07").status_code == 401
        assert guarded.get("/v1/models").status_code == 401
        for path in ("/", "/health", "/ready", "/metrics", "/static/page.js"):
            assert guarded.get(path).status_code == 200


def test_a_failure_inside_tells_the_caller_nothing(run_dir, monkeypatch, caplog) -> None:
    models = Models({"shop": run_dir})
    monkeypatch.setattr(models.get(None), "best", None)
    with TestClient(make_app(models), raise_server_exceptions=False) as broken:
        answer = broken.post("/v1/recommendations", json={"history": HISTORY})
        assert answer.status_code == 500
        assert answer.json() == {"detail": "the service failed; its log says why"}
    assert "NoneType" in caplog.text
