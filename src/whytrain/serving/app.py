"""The addresses: POST /predict, POST /explain, GET /health, /metrics and a page that says how to ask."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from whytrain.counted import counted
from whytrain.data.label_names import few_of
from whytrain.data.words import split_words
from whytrain.errors import WhytrainError
from whytrain.serving.body_limit import BodyLimit
from whytrain.serving.lane import Busy, Lane
from whytrain.serving.measures import Measures
from whytrain.serving.requests import REFUSALS, Answers, Health, ModelIdentity, Texts, WhyTexts
from whytrain.serving.settings import ServeSettings
from whytrain.serving.worker import Question, WhyQuestion, Worker

_PAGE = Path(__file__).parent / "page"
_MOST_TOGETHER, _MOST_WAITING = 256, 2048  # texts
_EXPLAINED_TOGETHER, _MOST_EXPLAINED = 32, 64  # that wait for their reasons
AskedBy = Annotated[str | None, Header(max_length=200, description="who asks, for the record")]


def create_app(settings: ServeSettings | None = None) -> FastAPI:
    """Make the server of one worker process.

    Args:
        settings: None: those that this process was started with.
    """
    told = settings or ServeSettings.from_environment()
    return _Server(told).app()


class _Server:
    def __init__(self, settings: ServeSettings) -> None:
        self.settings, self.measures = settings, Measures()
        self.worker: Worker
        self.predictions: Lane[Question, dict[str, Any]]
        self.reasons: Lane[WhyQuestion, dict[str, Any]]

    def app(self) -> FastAPI:
        app = FastAPI(
            title="whytrain",
            description="Classifies texts, and says why.",
            docs_url=None,  # their page comes from elsewhere
            redoc_url=None,
            lifespan=self.lifespan,
        )
        app.add_middleware(BodyLimit, max_bytes=self.settings.max_bytes)
        if self.settings.hosts:  # a page of another site must not reach this machine by a name of its own
            app.add_middleware(
                TrustedHostMiddleware, allowed_hosts=list(self.settings.hosts), www_redirect=False
            )
        app.middleware("http")(self.measured)
        app.exception_handler(RequestValidationError)(_wrong_form)
        app.exception_handler(_Refused)(_refused)
        app.exception_handler(HTTPException)(_not_served)
        app.post("/predict", response_model_exclude_unset=True, responses=REFUSALS)(self.predict)
        app.post("/explain", response_model_exclude_unset=True, responses=REFUSALS)(self.explain)
        app.get("/health")(self.health)
        app.get("/metrics", include_in_schema=False)(self.metrics)
        app.get("/", include_in_schema=False)(self.page)
        app.get("/style.css", include_in_schema=False)(self.style)
        return app

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        self.worker = await asyncio.to_thread(Worker, self.settings, loaded=self._count_load)
        self.predictions = Lane(
            self.worker.predict, most_together=_MOST_TOGETHER, most_waiting=_MOST_WAITING, name="predict"
        )
        self.reasons = Lane(
            self.worker.explain,
            most_together=_EXPLAINED_TOGETHER,
            most_waiting=_MOST_EXPLAINED,
            name="explain",
        )
        following = asyncio.create_task(self._follow())
        yield
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        self.predictions.close()
        self.reasons.close()
        await asyncio.to_thread(self.worker.close)

    async def _follow(self) -> None:
        while self.settings.address is not None:
            await asyncio.sleep(self.settings.check_every)
            await asyncio.to_thread(self.worker.follow)

    def _count_load(self, identity: Any) -> None:
        self.measures.loads.labels(identity["version"] or identity["run"] or "").inc()

    async def predict(self, request: Texts, x_asked_by: AskedBy = None) -> Answers:
        """Classify texts."""
        name = uuid.uuid4().hex
        self._check(request.texts)
        questions = [
            Question(text=text, request=name, place=place, asked_by=x_asked_by)
            for place, text in enumerate(request.texts)
        ]
        return await self._answers(self.predictions.ask(questions))

    async def explain(self, request: WhyTexts, x_asked_by: AskedBy = None) -> Answers:
        """Classify texts, and say of each answer which words spoke for it and which against."""
        name = uuid.uuid4().hex
        self._check(request.texts)
        most = self.settings.max_words
        for number, text in enumerate(request.texts):
            if (n_words := len(split_words(text))) > most:
                raise _Refused(413, f"texts.{number} has {n_words:,} words: at most {most:,} are explained")
        method = request.method or self.worker.served.default_method(self.settings.method)
        questions = [
            WhyQuestion(
                text=text,
                request=name,
                place=place,
                asked_by=x_asked_by,
                method=method,
                budget=request.budget,
            )
            for place, text in enumerate(request.texts)
        ]
        return await self._answers(self.reasons.ask(questions))

    def _check(self, texts: Sequence[str]) -> None:
        settings = self.settings
        if len(texts) > settings.max_texts:
            line = f"{counted(len(texts), 'text')}: at most {settings.max_texts} are answered at once"
            raise _Refused(413, line)
        most = settings.max_characters
        for number, text in enumerate(texts):
            if len(text) > most:
                line = f"texts.{number} has {len(text):,} characters: at most {most:,} are read"
                raise _Refused(413, line)
            if not split_words(text):
                raise _Refused(400, f"texts.{number}: the text is empty: give at least one word")

    async def _answers(self, asked: Awaitable[list[dict[str, Any]]]) -> Answers:
        try:
            answers = await asyncio.wait_for(asked, self.settings.timeout)
        except Busy:
            raise _Refused(503, "too many texts wait for an answer; ask again in a second") from None
        except TimeoutError:
            raise _Refused(
                504, f"no answer within {self.settings.timeout:g} s; ask fewer texts, or shorter ones"
            ) from None
        except WhytrainError as error:
            raise _Refused(400, str(error)) from error
        for answer in answers:
            self.measures.answers.labels(answer["label"]).inc()
            self.measures.abstained.inc(answer.get("abstain") is True)
        return Answers.model_validate({"answers": answers})

    async def health(self) -> Health:
        """Say which model answers."""
        served = self.worker.served
        return Health(
            status="ok",
            model=ModelIdentity(**served.identity),
            methods=served.methods,
            classes=list(served.model.class_names),
        )

    async def metrics(self) -> Response:
        return Response(self.measures.text(), media_type="text/plain; version=0.0.4")

    async def page(self, request: Request) -> HTMLResponse:
        templates = Environment(loader=FileSystemLoader(_PAGE), autoescape=select_autoescape())
        health = await self.health()
        page = templates.get_template("page.html").render(
            interface=request.app.openapi(),
            health=health,
            classes=few_of(health.classes),
            address=str(request.base_url),
        )
        return HTMLResponse(page, headers={"Content-Security-Policy": "default-src 'self'"})

    async def style(self) -> FileResponse:
        return FileResponse(_PAGE / "style.css")

    async def measured(self, request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        """Count a request."""
        start = time.perf_counter()
        response = await answer(request)
        route = request.scope.get("route")
        path = getattr(route, "path", "other")  # a path of somebody's own would be a new counter each
        self.measures.requests.labels(path, str(response.status_code)).inc()
        self.measures.seconds.labels(path).observe(time.perf_counter() - start)
        return response


class _Refused(Exception):  # noqa: N818  (an answer)
    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status, self.line = status, line


async def _refused(request: Request, error: _Refused) -> JSONResponse:
    headers = {"Retry-After": "1"} if error.status == 503 else None
    return JSONResponse({"error": error.line}, error.status, headers=headers)


async def _not_served(request: Request, error: HTTPException) -> JSONResponse:
    line = f"{error.detail}; see {request.base_url}"
    return JSONResponse({"error": line}, error.status_code, headers=error.headers)


async def _wrong_form(request: Request, error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        line = f"the body is no JSON: {first['ctx']['error']}, character {first['loc'][-1] + 1}"
        return JSONResponse({"error": f"{line}; see {request.base_url}"}, 422)
    place = ".".join(map(str, first["loc"][1:])) or "the body"
    return JSONResponse({"error": f"{place}: {first['msg']}; see {request.base_url}"}, 422)
