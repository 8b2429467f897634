"""The description in OpenAPI: valid, complete, and with the published report."""

from openapi_spec_validator import validate

from service_answers import SCHEMA


def test_the_description_is_valid_and_names_the_report_and_the_problems(serve):
    document = serve().get("/openapi.json").json()
    validate(document)
    assert document["info"]["title"] == "resp"
    operations = [(path, method) for path, methods in document["paths"].items() for method in methods]
    assert set(operations) == {
        ("/v1/reports", "post"),
        ("/v1/reports/{report_id}", "get"),
        ("/v1/models", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
        ("/metrics", "get"),
    }
    create = document["paths"]["/v1/reports"]["post"]
    form = create["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert set(form) == {"file", "body_site", "device", "patient_key", "model"}
    assert create["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Report"
    }
    for path, method in operations:
        for status, response in document["paths"][path][method]["responses"].items():
            if status >= "400":
                assert response["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
                }


def test_the_report_described_is_the_published_one(serve):
    parts = serve().get("/openapi.json").json()["components"]["schemas"]

    def moved(value):
        if isinstance(value, dict):
            return {name: moved(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [moved(inner) for inner in value]
        return value.replace("#/$defs/", "#/components/schemas/") if isinstance(value, str) else value

    published = dict(SCHEMA)
    for name, definition in {**published.pop("$defs"), "Report": published}.items():
        assert parts[name] == moved(definition)
