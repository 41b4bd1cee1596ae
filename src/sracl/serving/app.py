"""The service's paths. `make_app` puts them together; each path reads as what it does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import generate_latest

import sracl
from sracl.answers import MODEL, POPULARITY
from sracl.errors import InputError
from sracl.serving.batching import Batcher, BusyError
from sracl.serving.explaining import Explainer
from sracl.serving.gate import Gate
from sracl.serving.limits import QUERY_CHARACTERS, RESULTS
from sracl.serving.messages import (
    Explanation,
    ExplanationRequest,
    Item,
    ItemNeighbours,
    Items,
    NeighbouringHistory,
    Problem,
    Recommendations,
    RecommendationsRequest,
    ScoredItem,
)
from sracl.serving.models import Models
from sracl.serving.monitoring import Monitoring
from sracl.serving.search import ItemSearch
from sracl.serving.served import Best, Question, ServedModel, UnknownIdError

PAGE = files("sracl.serving") / "page"
SIMILAR = Annotated[int, Query(ge=1, le=RESULTS)]
FAULTS: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "unknown user, item or model"},
    413: {"model": Problem, "description": "the body is too large"},
    503: {"model": Problem, "description": "too many requests wait"},
}


class Service:
    """What the paths share: models, search, explainers, the batcher, the counts."""

    def __init__(self, models: Models, searches: dict[str, ItemSearch], explainers: dict[str, Explainer]) -> None:
        self.models, self.searches, self.explainers = models, searches, explainers
        self.monitoring = Monitoring()
        self.batcher = Batcher(self.monitoring.batch.observe)

    async def recommend(self, request: RecommendationsRequest) -> Recommendations:
        """The answer to a request."""
        model = self.models.get(request.model)
        known = request.user_id
        history = model.items(request.history or []) if known is None else model.history_of(known)
        banned = model.known_items(request.exclude)
        if request.exclude_seen:
            banned = np.concatenate([banned, history])
        best = await self.batcher.ask(model, Question(history, request.k, banned, model.allowed(request.filters)))
        source = MODEL if len(history) else POPULARITY
        return Recommendations(items=scored(model, best), model=model.label, source=source)

    async def similar(self, model: ServedModel, number: int, k: int) -> list[ScoredItem]:
        """Items whose learned vectors are like that of an item."""
        found = await asyncio.to_thread(model.recommender.similar_items, [model.item_ids[number]], k)
        numbers = model.items(found["similar_item_id"].to_list()).tolist()
        return scored(model, Best(numbers, found["score"].to_list()))


def make_app(
    models: Models,
    searches: dict[str, ItemSearch] | None = None,
    explainers: dict[str, Explainer] | None = None,
    token: str | None = None,
    look_for_new_versions: float = 5.0,
) -> FastAPI:
    """The ASGI application.

    searches, explainers: by the models' names. token: what `Authorization: Bearer` must carry; None: nobody is asked.
    look_for_new_versions: seconds between looks at the models' files.
    """
    service = Service(models, searches or {}, explainers or {})

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(models.watch(look_for_new_versions))
        yield
        watching.cancel()
        service.batcher.close()

    app = FastAPI(
        title="sracl",
        version=sracl.__version__,
        summary="Recommendations for a known user or for any history of known items.",
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
    )
    app.state.service = service
    _add_faults(app)
    _add_recommendations(app, service)
    _add_items(app, service)
    _add_health(app, service)
    _add_page(app)
    app.add_middleware(Gate, monitoring=service.monitoring, token=token)
    return app


def _add_faults(app: FastAPI) -> None:
    @app.exception_handler(UnknownIdError)
    async def unknown(_: Request, error: UnknownIdError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 404)

    @app.exception_handler(InputError)
    async def bad(_: Request, error: InputError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 422)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        # Where and what, without the input itself, which may be large.
        told = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()[:5]]
        return JSONResponse({"detail": "; ".join(told)[:1000]}, 422)

    @app.exception_handler(BusyError)
    async def busy(_: Request, error: BusyError) -> JSONResponse:
        return JSONResponse({"detail": "too many requests wait; try again"}, 503, {"Retry-After": "1"})


def _add_recommendations(app: FastAPI, service: Service) -> None:
    @app.post("/v1/recommendations", responses=FAULTS, tags=["recommendations"])
    async def recommendations(request: RecommendationsRequest) -> Recommendations:
        """The best next items for a known user, or after a history of item ids."""
        return await service.recommend(request)

    @app.post("/v1/explanations", responses=FAULTS, tags=["recommendations"])
    async def explanations(request: ExplanationRequest) -> Explanation:
        """What taught the model: what people with like histories had next, and items like those of the history."""
        model = service.models.get(request.model)
        explainer = service.explainers.get(model.name)
        if explainer is None:
            raise HTTPException(404, "this service explains nothing: start it with --explain, on a run with texts")
        history = model.items(request.history)
        item = None if request.item_id is None else int(model.items([request.item_id])[0])
        return await asyncio.to_thread(explanation, model, explainer, history, item, request.k)


def _add_items(app: FastAPI, service: Service) -> None:
    @app.get("/v1/items", responses=FAULTS, tags=["items"])
    async def find(
        query: Annotated[str, Query(max_length=QUERY_CHARACTERS)],
        k: Annotated[int, Query(ge=1, le=100)] = 10,
        model: str | None = None,
    ) -> Items:
        """Items by words of their texts, then by meaning."""
        served = service.models.get(model)
        search = service.searches.get(served.name)
        if search is None:
            raise HTTPException(404, "this service has no search")
        numbers = await asyncio.to_thread(search.find, query, k)
        return Items(items=[item_of(served, number) for number in numbers])

    @app.get("/v1/items/{item_id}", responses=FAULTS, tags=["items"])
    async def one(item_id: str, model: str | None = None) -> Item:
        """One item with its fields."""
        served = service.models.get(model)
        return item_of(served, int(served.items([item_id])[0]))

    @app.get("/v1/items/{item_id}/similar", responses=FAULTS, tags=["items"])
    async def similar(item_id: str, k: SIMILAR = 10, model: str | None = None) -> Recommendations:
        """Items that are bought like this one: by the model's vectors, not by texts."""
        served = service.models.get(model)
        found = await service.similar(served, int(served.items([item_id])[0]), k)
        return Recommendations(items=found, model=served.label)


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/health", tags=["service"])
    async def health() -> dict[str, str]:
        """The process lives."""
        return {"status": "alive"}

    @app.get("/ready", tags=["service"])
    async def ready() -> dict[str, Any]:
        """Models are loaded, and which."""
        return {"status": "ready", "models": [model.label for model in service.models.all]}

    @app.get("/metrics", tags=["service"], response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """Counts and times, for Prometheus."""
        service.monitoring.models.clear()
        for model in service.models.all:
            service.monitoring.models.labels(model.name, model.version).set(1)
        return PlainTextResponse(generate_latest(service.monitoring.registry), media_type="text/plain; version=0.0.4")

    @app.get("/v1/models", tags=["service"])
    async def known() -> dict[str, list[dict[str, Any]]]:
        """What is served, and what each can do."""
        return {"models": [facts_of(service, model) for model in service.models.all]}


def _add_page(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(str(PAGE / "index.html"), headers={"Cache-Control": "no-cache"})

    app.mount("/static", StaticFiles(directory=str(PAGE)), name="static")


def facts_of(service: Service, model: ServedModel) -> dict[str, Any]:
    """What the page must know of a model."""
    search = service.searches.get(model.name)
    return {
        "name": model.name,
        "version": model.version,
        "users": model.dataset.user_count,
        "items": model.dataset.item_count,
        "fields": [column for column in model.dataset.catalogue.columns if column != "item_id"],
        "search": None if search is None else ("meaning" if search.by_meaning else "words"),
        "explains": model.name in service.explainers,
    }


def item_of(model: ServedModel, number: int) -> Item:
    """An item's id, title and fields."""
    row = model.dataset.catalogue.row(number, named=True)
    item_id = row.pop("item_id")
    return Item(item_id=item_id, title=model.titles[number], fields=row)


def scored(model: ServedModel, best: Best) -> list[ScoredItem]:
    """Numbers as items."""
    return [
        ScoredItem(item_id=model.item_ids[number], score=score, title=model.titles[number])
        for number, score in zip(best.items, best.scores, strict=True)
    ]


def explanation(model: ServedModel, explainer: Explainer, history: Any, item: int | None, k: int) -> Explanation:
    """What an explainer finds, in titles."""
    titles = model.titles
    histories = [
        NeighbouringHistory(
            titles=[titles[number] for number in like.items],
            next_title=titles[like.next],
            similarity=like.similarity,
            has_item=item is not None and like.next == item,
        )
        for like in explainer.like(history, k, item)
    ]
    items = [
        ItemNeighbours(
            title=titles[number],
            neighbours=scored(model, Best(*map(list, zip(*found, strict=True)))) if found else [],
        )
        for number in history[-5:].tolist()
        for found in [explainer.in_place_of(number, k)]
    ]
    return Explanation(histories=histories, items=items, model=model.label)
