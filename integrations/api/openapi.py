"""The description of the API by OpenAPI, made of what each operation says of itself."""

from __future__ import annotations

import inspect
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from integrations.api import access, idempotency, problems, schemas
from integrations.api.endpoint import Operation
from integrations.api.parameters import Parameter

_ALWAYS = (
    "token_missing",
    "token_invalid",
    "scope_missing",
    "not_acceptable",
    "invalid_parameter",
    "malformed_request",
    "not_found",
    "method_not_allowed",
    "too_many_requests",
    "internal_error",
    "unavailable",
)
_WITH_BODY = ("malformed_body", "length_required", "body_too_large", "unsupported_media_type", "invalid_body")
_ONCE = ("invalid_idempotency_key", "idempotency_key_reused", "idempotency_key_running")


class Schema(AutoSchema):
    """Reads `Operation` instead of guessing."""

    @property
    def _said(self) -> Operation:
        handler = getattr(self.view, self.method.lower())
        return handler.operation  # type: ignore[no-any-return]

    def get_operation_id(self) -> str:
        """As declared."""
        return self._said.id

    def get_tags(self) -> list[str]:
        """As declared."""
        return [self._said.tag]

    def get_summary(self) -> str:
        """As declared."""
        return self._said.summary

    def get_description(self) -> str:  # type: ignore[override]
        """The handler's docstring, and the scope that it needs."""
        said = inspect.cleandoc(getattr(self.view, self.method.lower()).__doc__ or "")
        return f"{said}\n\nScope: `{self._said.scope}`."

    def get_auth(self) -> list[dict[str, Any]]:
        """A token, everywhere."""
        return [{"token": []}]

    def get_override_parameters(self) -> list[Any]:
        """The parameters of the operation, and the headers that all understand."""
        headers = [
            OpenApiParameter(
                access.MERCHANT_HEADER, str, "header", description="For a CSM's token: the merchant to act for."
            )
        ]
        if self.method == "POST":
            headers.append(
                OpenApiParameter(
                    idempotency.HEADER,
                    {"type": "string", "minLength": 1, "maxLength": idempotency.LONGEST},
                    "header",
                    description="A word for this request: sent again with it, it is not done again.",
                )
            )
        return [*(_parameter(each) for each in self._said.parameters), *headers]

    def get_filter_backends(self) -> list[Any]:
        """Filters are parameters like others."""
        return []

    def get_request_serializer(self) -> Any:
        """What the request may hold."""
        return self._said.body

    def get_response_serializers(self) -> Any:
        """A success, and every refusal."""
        said = self._said
        codes = [*_ALWAYS, *said.problems]
        if self.method in ("POST", "PUT", "PATCH"):
            codes += _WITH_BODY
        if self.method == "POST":
            codes += _ONCE
        answers: dict[Any, Any] = {
            (str(status), each): OpenApiResponse(said.answer, description=said.summary)
            for status in (said.status, *said.also)
            for each in said.media_types
        }
        for status in sorted({problems.KINDS[code][0] for code in codes}):
            names = [code for code in codes if problems.KINDS[code][0] == status]
            answers[str(status), problems.MEDIA_TYPE] = OpenApiResponse(
                schemas.Problem, description=" or ".join(f"`{name}`" for name in names)
            )
        if self.method == "GET":
            answers["304"] = OpenApiResponse(description="It is as If-None-Match says.")
        return answers

    def get_examples(self) -> list[OpenApiExample]:
        """One of a success, and one of the body."""
        said = self._said
        examples = [
            OpenApiExample(
                said.summary,
                value=said.example,
                response_only=True,
                status_codes=[str(said.status)],
                media_type=said.media_types[0],
            )
        ]
        if said.body is not None:
            examples.append(OpenApiExample(said.summary, value=said.body_example, request_only=True))
        return examples


def _parameter(said: Parameter) -> OpenApiParameter:
    examples = [] if said.example is None else [OpenApiExample("Example", value=said.example)]
    return OpenApiParameter(
        said.name, dict(said.schema), "query", description=said.doc, examples=examples, default=_default(said)
    )


def _default(said: Parameter) -> Any:
    return said.default if isinstance(said.default, str | int) else None
