#!/usr/bin/python3
"""tools/api on a small repository: what it writes, and every fault it must find."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

API = Path(__file__).resolve().parent / "api"

GOOD = {
    "CMakeLists.txt": "project(handschlag VERSION 1.2.3 LANGUAGES CXX)\n",
    "api/base.yaml": """
openapi: 3.1.0
info: {title: Test, version: 0.0.0}
components:
  securitySchemes:
    token: {type: http, scheme: bearer}
  parameters:
    limit: {name: limit, in: query, description: How many., schema: {type: integer}}
  responses:
    Problem: {description: What went wrong.}
""",
    "src/features/staff/api.yaml": """
paths:
  /api/v1/staff/{id}:
    get:
      operationId: getStaff
      summary: One member of staff.
      security: [{token: []}]
      x-roles: [admin]
      parameters:
        - {name: id, in: path, required: true, description: Whom., schema: {type: integer}}
        - $ref: '#/components/parameters/limit'
      responses:
        200:
          description: The member.
          content: {application/json: {schema: {$ref: '#/components/schemas/Staff'}}}
components:
  schemas:
    Staff: {type: object, properties: {country: {enum: [NO, SE]}, since: {const: 2026-11-21}, on: {default: true}}}
""",
    "src/app/api.yaml": """
paths:
  /healthz:
    get:
      operationId: health
      description: Whether it runs.
      security: []
      x-problem: false
      responses: {'200': {description: It does.}}
""",
}


class Api(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for path, text in GOOD.items():
            self.write(path, text)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def change(self, old, new, path="src/features/staff/api.yaml"):
        self.assertIn(old, GOOD[path])
        self.write(path, GOOD[path].replace(old, new))

    def run_api(self, *arguments):
        done = subprocess.run([sys.executable, API, "--root", self.root, *arguments], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def bundle(self):
        status, output = self.run_api()
        self.assertEqual(status, 0, output)
        return json.loads((self.root / "api/openapi.json").read_text())

    def expect_fault(self, part):
        status, output = self.run_api()
        self.assertEqual(status, 1, output)
        self.assertIn(part, output)
        self.assertEqual(len(output.splitlines()), 1, output)
        self.assertFalse((self.root / "api/openapi.json").exists())

    def test_all_slices_become_one_description_of_the_project_s_version(self):
        document = self.bundle()
        self.assertEqual(document["info"]["version"], "1.2.3")
        self.assertEqual(sorted(document["paths"]), ["/api/v1/staff/{id}", "/healthz"])
        self.assertIn("Staff", document["components"]["schemas"])

    def test_plain_words_stay_words(self):
        staff = self.bundle()["components"]["schemas"]["Staff"]["properties"]
        self.assertEqual(staff, {"country": {"enum": ["NO", "SE"]}, "since": {"const": "2026-11-21"},
                                 "on": {"default": True}})

    def test_the_problem_answer_is_added_unless_refused(self):
        paths = self.bundle()["paths"]
        self.assertEqual(list(paths["/api/v1/staff/{id}"]["get"]["responses"]), ["200", "default"])
        self.assertEqual(list(paths["/healthz"]["get"]["responses"]), ["200"])

    def test_check_passes_on_what_was_written_and_fails_when_it_is_stale(self):
        self.assertEqual(self.run_api("--check")[0], 1)
        self.bundle()
        self.assertEqual(self.run_api("--check")[0], 0)
        self.change("One member", "A member")
        status, output = self.run_api("--check")
        self.assertEqual(status, 1)
        self.assertIn("make api", output)

    def test_a_reference_must_lead_somewhere(self):
        self.change("parameters/limit", "parameters/limits")
        self.assertIn("'#/components/parameters/limits', which does not exist", self.run_api()[1])

    def test_a_component_must_be_used(self):
        self.change("    Staff:", "    Other: {type: string}\n    Staff:")
        self.expect_fault("nothing refers to components/schemas/Other")

    def test_an_operation_has_a_name_of_its_own(self):
        self.change("operationId: getStaff", "operationId: health")
        self.expect_fault("operationId 'health' is also that of")

    def test_an_operation_has_a_name(self):
        self.change("operationId: getStaff\n", "tags: [staff]\n")
        self.expect_fault("operationId is missing")

    def test_an_operation_is_described(self):
        self.change("summary: One member of staff.\n", "tags: [staff]\n")
        self.expect_fault("neither summary nor description")

    def test_an_operation_says_who_may_call_it(self):
        self.change("security: [{token: []}]\n", "tags: [staff]\n")
        self.expect_fault("no security")

    def test_a_security_scheme_must_exist(self):
        self.change("token: []", "password: []")
        self.expect_fault("unknown security scheme 'password'")

    def test_an_operation_has_a_response_for_success(self):
        self.change("        200:", "        404:")
        self.expect_fault("no response for success")

    def test_a_response_is_described(self):
        self.change("description: The member.", "x-note: none")
        self.expect_fault("response 200 has no description")

    def test_path_parameters_are_declared(self):
        self.change("{id}", "{number}")
        status, output = self.run_api()
        self.assertEqual(status, 1)
        self.assertIn("'id'", output)
        self.assertIn("'number'", output)

    def test_parameters_have_a_schema(self):
        self.change("description: Whom., schema: {type: integer}", "description: Whom.")
        self.expect_fault("parameter 'id' has no schema")

    def test_unknown_extensions_are_refused(self):
        self.change("x-roles: [admin]", "x-role: [admin]")
        self.expect_fault("x-role is unknown or of the wrong type")

    def test_fields_are_in_snake_case(self):
        self.change("properties: {country:", "properties: {countryCode:")
        self.expect_fault("the field 'countryCode' is not in snake_case")

    def test_every_post_takes_an_idempotency_key_unless_it_refuses(self):
        key = "    idempotencyKey: {name: Idempotency-Key, in: header, schema: {type: string}}\n"
        self.write("api/base.yaml", GOOD["api/base.yaml"].replace("  responses:", key + "  responses:"))
        for path, more in (("staff", ""), ("search", "x-idempotency: false")):
            self.write(f"src/features/{path}2/api.yaml", f"""
paths:
  /api/v1/{path}:
    post:
      operationId: {path}
      summary: S.
      security: []
      responses: {{'200': {{description: D.}}}}
      {more}
""")
        paths = self.bundle()["paths"]
        self.assertEqual(paths["/api/v1/staff"]["post"]["parameters"],
                         [{"$ref": "#/components/parameters/idempotencyKey"}])
        self.assertNotIn("parameters", paths["/api/v1/search"]["post"])
        self.assertNotIn("x-idempotency", paths["/api/v1/staff/{id}"]["get"])

    def test_only_a_post_takes_an_idempotency_key(self):
        self.change("x-roles: [admin]", "x-idempotency: true")
        self.expect_fault("x-idempotency is for POST")

    def test_two_files_must_not_say_the_same(self):
        self.write("src/features/other/api.yaml", "components:\n  parameters:\n    limit: {}\n")
        self.expect_fault("parameters limit is also in api/base.yaml")

    def test_a_fragment_has_paths_and_components_only(self):
        self.change("components:", "info: {}\ncomponents:")
        self.expect_fault("'info' does not belong into a fragment")

    def test_a_key_given_twice_is_refused(self):
        self.change("      x-problem: false", "      x-problem: false\n      x-problem: true", "src/app/api.yaml")
        status, output = self.run_api()
        self.assertEqual(status, 1)
        self.assertIn("'x-problem' is given twice", output)


if __name__ == "__main__":
    unittest.main()
