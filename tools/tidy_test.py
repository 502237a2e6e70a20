#!/usr/bin/python3
"""Plants each violation in a small tree that is in order, and expects tools/tidy to find it and nothing else."""

import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOOLS))
import cpp  # noqa: E402


def load(name):
    loader = SourceFileLoader(name, str(TOOLS / name))
    module = module_from_spec(spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


tidy = load("tidy")

GOOD = {
    "src/platform/CMakeLists.txt": "foreach(part base db)\n",
    "src/platform/base/CMakeLists.txt": "handschlag_part(base LIBRARIES fmt::fmt)\n",
    "src/platform/base/result.h": "#pragma once\n#include <string>\n",
    "src/platform/base/result.cc": '#include "platform/base/result.h"\n#include <fmt/format.h>\n'
                                   '#include <sys/stat.h>\n',
    "src/platform/db/CMakeLists.txt": "handschlag_part(db USES base)\nadd_subdirectory(testing)\n",
    "src/platform/db/db.h": '#pragma once\n#include "platform/base/result.h"\n',
    "src/platform/db/db.cc": '#include "platform/db/db.h"\n#include "platform/db/sqlite.h"\n'
                             'auto sql = "CREATE TABLE platform_migrations (slice TEXT)";\n',
    "src/platform/db/sqlite.h": "#pragma once\n#include <sqlite3.h>\n",
    "src/platform/db/testing/CMakeLists.txt": "add_library(hs_db_testing STATIC testing.cc)\n"
                                              "target_link_libraries(hs_db_testing PUBLIC hs_db GTest::gtest)\n",
    "src/platform/db/testing/testing.h": '#pragma once\n#include <gtest/gtest.h>\n#include "platform/db/db.h"\n',
    "src/platform/db/testing/testing.cc": '#include "platform/db/testing/testing.h"\n',
    "src/features/CMakeLists.txt": "foreach(slice vault consent)\n",
    "src/features/vault/CMakeLists.txt": "handschlag_part(vault USES base)\n",
    "src/features/vault/README.md": "# Vault\n",
    "src/features/vault/vault.h": '#pragma once\n#include "platform/base/result.h"\n',
    "src/features/vault/vault.cc": '#include "features/vault/vault.h"\n',
    "src/features/vault/vault_test.cc": '#include "features/vault/vault.h"\n#include <gtest/gtest.h>\n',
    "src/features/consent/CMakeLists.txt": "handschlag_part(consent USES base db vault TEST_USES db_testing)\n",
    "src/features/consent/README.md": "# Consent\n",
    "src/features/consent/consent.h": '#pragma once\n#include "platform/base/result.h"\n',
    "src/features/consent/consent.cc": '#include "features/consent/consent.h"\n#include "features/vault/vault.h"\n'
                                       'const char* hint = "Select one from the list: \\"Update\\"; see // there";\n',
    "src/features/consent/store.h": '#pragma once\n#include "platform/db/db.h"\n',
    "src/features/consent/store.cc": '#include "features/consent/store.h"\n'
                                     'auto find = R"sql(WITH newest AS (SELECT max(id) FROM consent_grants)\n'
                                     'SELECT * FROM newest)sql";\n'
                                     'auto add = "INSERT INTO consent_grants (id) VALUES ($1) "\n'
                                     '           "ON CONFLICT (id) DO UPDATE SET id = $1";\n',
    "src/features/consent/routes.cc": '#include "features/consent/consent.h"\n',
    "src/features/consent/api.yaml": "paths:\n  /api/v1/consents:\n    get:\n      operationId: listConsents\n"
                                     "components:\n  schemas: {}\n",
    "src/features/consent/migrations/0001_consent.sql":
        "CREATE TABLE consent_grants (id INTEGER PRIMARY KEY);\n"
        "CREATE INDEX consent_grants_id ON consent_grants (id);\n",
    "src/features/consent/consent_test.cc": '#include "features/consent/consent.h"\n'
                                            '#include "platform/db/testing/testing.h"\n',
    "src/app/CMakeLists.txt": "handschlag_part(app USES consent)\n",
    "src/app/main.cc": '#include "features/consent/consent.h"\n#include <CLI/CLI.hpp>\n',
}


class Planted(unittest.TestCase):
    def findings(self, **changes):
        """The findings in the good tree with `changes`: path -> text, None to delete, "+text" to append."""
        files = dict(GOOD)
        for path, text in changes.items():
            if text is None:
                del files[path]
            else:
                files[path] = files[path] + text[1:] if text.startswith("+") else text
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                file = Path(root) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return tidy.findings_of(root)

    def expect(self, rule, path, changes, at=None):
        findings = self.findings(**changes)
        self.assertEqual([(found[0], found[2]) for found in findings], [(path, rule)], findings)
        if at:
            self.assertEqual(findings[0][1], at)

    def plant(self, rule, path, text, at=None):
        self.expect(rule, path, {path: text}, at)

    def test_a_tree_in_order_has_no_findings(self):
        self.assertEqual(self.findings(), [])

    # Directions and entrances.

    def test_platform_must_not_include_features(self):
        findings = self.findings(**{"src/platform/db/db.cc": '+#include "features/vault/vault.h"\n'})
        self.assertIn(("src/platform/db/db.cc", 4, "direction", "platform must not include features/vault/vault.h"),
                      findings)

    def test_features_must_not_include_app(self):
        self.expect("direction", "src/features/vault/vault.cc", {
            "src/features/vault/vault.cc": '+#include "app/config.h"\n',
            "src/app/config.h": "#pragma once\n", "src/app/CMakeLists.txt": "# handschlag_part(app)\n",
            "src/app/main.cc": None}, at=2)

    def test_the_inside_of_a_slice_is_private(self):
        self.expect("entrance", "src/features/consent/consent.cc", {
            "src/features/vault/store.h": "#pragma once\n",
            "src/features/consent/consent.cc": '+#include "features/vault/store.h"\n'}, at=4)

    def test_tests_may_use_testing_headers_of_other_slices(self):
        self.assertEqual(self.findings(**{
            "src/features/vault/testing/fake.h": "#pragma once\n#include <gtest/gtest.h>\n",
            "src/features/consent/consent_test.cc": '+#include "features/vault/testing/fake.h"\n'}), [])

    def test_our_headers_are_included_by_full_path(self):
        self.plant("include-path", "src/features/vault/vault.cc", '+#include "vault.h"\n', at=2)

    def test_generated_headers_need_no_file(self):
        self.assertEqual(self.findings(**{"src/features/vault/vault.cc": '+#include "embedded/migrations.h"\n'}), [])

    def test_a_use_must_be_declared(self):
        self.expect("declared", "src/features/consent/consent.cc",
                    {"src/features/consent/CMakeLists.txt":
                     "handschlag_part(consent USES base db TEST_USES db_testing)\n"},
                    at=2)

    def test_a_use_declared_for_tests_is_not_for_sources(self):
        self.expect("declared", "src/features/consent/consent.cc",
                    {"src/features/consent/CMakeLists.txt":
                     "handschlag_part(consent USES base db TEST_USES db_testing vault)\n"})

    def test_a_declared_use_must_exist(self):
        self.expect("declared", "src/features/vault/CMakeLists.txt",
                    {"src/features/vault/CMakeLists.txt": "handschlag_part(vault USES base db)\n"})

    def test_parts_must_not_use_each_other_in_a_circle(self):
        self.expect("cycle", "src/features/consent/CMakeLists.txt", {
            "src/features/vault/CMakeLists.txt": "handschlag_part(vault USES base consent)\n",
            "src/features/vault/vault.cc": '+#include "features/consent/consent.h"\n'})

    def test_what_is_declared_for_tests_must_be_used_by_tests(self):
        self.expect("declared", "src/features/consent/CMakeLists.txt",
                    {"src/features/consent/consent_test.cc": "int x;\n"})

    # Other houses.

    def test_features_include_no_third_party_header(self):
        self.plant("third-party", "src/features/vault/vault.cc", "+#include <sodium.h>\n", at=2)

    def test_boost_stands_in_one_file(self):
        self.plant("third-party", "src/platform/db/db.cc", "+#include <boost/asio.hpp>\n")

    def test_json_is_included_through_platform(self):
        self.plant("third-party", "src/platform/db/db.cc", "+#include <nlohmann/json.hpp>\n")

    def test_fmt_stands_in_no_header(self):
        self.plant("third-party", "src/platform/db/db.h", "+#include <fmt/format.h>\n")

    def test_gtest_stands_in_tests_only(self):
        self.plant("third-party", "src/features/vault/vault.cc", "+#include <gtest/gtest.h>\n")

    def test_the_command_line_parser_stands_in_app_only(self):
        self.plant("third-party", "src/platform/db/db.cc", "+#include <CLI/CLI.hpp>\n")

    def test_a_header_for_others_brings_no_third_party_header(self):
        self.plant("third-party", "src/platform/base/result.h", "+#include <sodium.h>\n", at=3)

    # What is sealed.

    def test_opening_what_is_sealed_without_saying_which_ruling_permits_it_is_found(self):
        self.plant("opening", "src/features/consent/routes.cc", "+auto x = crypto::open(key, sealed, of);\n", at=2)

    def test_opening_it_in_a_comment_is_not_opening_it(self):
        self.assertEqual(self.findings(**{"src/features/consent/consent.cc": "+// crypto::open(key)\n"}), [])

    # SQL.

    def test_sql_outside_a_store_is_found(self):
        for sql in ('"SELECT id FROM consent_grants"', '"SELECT id "\n"FROM consent_grants"',
                    'R"(\nINSERT INTO consent_grants VALUES ($1))"', '"DELETE FROM consent_grants WHERE id = $1"',
                    '"UPDATE consent_grants SET id = 1"', '"create table consent_x (id INTEGER)"',
                    '"WITH a AS (SELECT 1) SELECT a FROM a"'):
            with self.subTest(sql):
                self.plant("sql", "src/features/consent/routes.cc", f"+auto sql = {sql};\n", at=2)

    def test_sql_in_a_comment_is_not_sql(self):
        comments = '// "SELECT id FROM consent_grants"\n/* "DELETE FROM x WHERE" */\n'
        self.assertEqual(self.findings(**{"src/features/consent/routes.cc": "+" + comments}), [])

    def test_a_store_keeps_to_its_own_tables(self):
        for sql in ("SELECT 1 FROM vault_keys", "INSERT INTO vault_keys(id) VALUES (1)", "UPDATE vault_keys SET id = 2",
                    "SELECT 1 FROM consent_grants JOIN vault_keys USING (id)"):
            with self.subTest(sql):
                self.plant("sql", "src/features/consent/store.cc", f'+auto sql = "{sql}";\n')

    def test_tables_and_indexes_bear_the_prefix_of_their_slice(self):
        for sql in ("CREATE TABLE grants (id INTEGER);\n", "CREATE INDEX IF NOT EXISTS a ON consent_x (id);\n"):
            with self.subTest(sql):
                self.plant("sql", "src/features/consent/migrations/0001_consent.sql", sql, at=1)

    def test_migrations_are_numbered(self):
        self.plant("sql", "src/features/consent/migrations/more.sql", "CREATE TABLE consent_more (id INTEGER);\n")

    # Sizes.

    def test_long_lines_are_found(self):
        self.plant("length", "src/features/vault/vault.cc", "+// " + "x" * 118 + "\n", at=2)
        self.assertEqual(self.findings(**{"src/features/vault/vault.cc": "+// " + "ß" * 117 + "\n"}), [])

    def test_long_functions_are_found(self):
        body = "  step();\n" * 69
        self.plant("length", "src/features/vault/vault.cc", "+void Vault::open(int x) {\n" + body + "}\n", at=2)
        self.assertEqual(self.findings(**{
            "src/features/vault/vault.cc": "+void f() {\n" + "  step();\n" * 68 + "}\n"}), [])

    def test_long_files_are_found(self):
        self.plant("length", "src/features/vault/vault.cc", "+" + "int x;\n" * 500, at=501)
        self.plant("length", "src/features/vault/vault_test.cc", "+" + "int x;\n" * 799, at=801)

    # Completeness.

    def test_a_source_that_nobody_builds_is_found(self):
        self.plant("unused", "src/features/vault/deep/orphan.cc", "int x;\n")

    def test_a_header_that_nobody_includes_is_found(self):
        self.plant("unused", "src/features/vault/orphan.h", "#pragma once\n")

    def test_a_part_that_is_not_added_is_found(self):
        self.expect("unused", "src/features/vault/CMakeLists.txt",
                    {"src/features/CMakeLists.txt": "foreach(slice consent)\n"})

    def test_a_slice_has_what_every_slice_has(self):
        self.expect("slice", "src/features/vault", {"src/features/vault/README.md": None})
        self.expect("slice", "src/features/vault", {"src/features/vault/vault_test.cc": None})
        self.expect("slice", "src/features/consent", {"src/features/consent/api.yaml": None})
        findings = self.findings(**{"src/features/law/CMakeLists.txt": "handschlag_part(law)\n"})
        self.assertEqual([found[2] for found in findings], ["slice"] * 3 + ["unused"], findings)

    def test_an_operation_without_a_name_is_found(self):
        self.plant("operation", "src/features/consent/api.yaml",
                   "paths:\n  /a:\n    get:\n      operationId: a\n    post:\n      summary: no operationId\n", at=5)

    # Words.

    def test_a_reminder_needs_a_reason(self):
        self.plant("reminder", "src/features/vault/vault.cc", "+// TO" "DO: later\n", at=2)
        self.plant("reminder", "src/features/vault/vault.cc", "+// FIX" "ME(#3)\n", at=2)
        self.assertEqual(self.findings(**{
            "src/features/vault/vault.cc": "+// TO" "DO(#3): libpq 16 tells this by itself\n"}), [])

    def test_paths_of_one_machine_are_found(self):
        for path in ("/wo" "rk/main/x", "/tm" "p/x", "/ho" "me/anna/x"):
            with self.subTest(path):
                self.plant("machine-path", "src/features/vault/vault.cc", f'+auto x = "{path}";\n', at=2)
        self.assertEqual(self.findings(**{
            "src/features/vault/vault_test.cc": '+auto x = "/tm' 'p/x";\n',
            "src/features/vault/vault.cc": "+// https://example.org/wo" "rk/x, ${TMPDIR:-/tm" "p}\n"}), [])

    def test_headers_are_guarded(self):
        self.plant("guard", "src/features/vault/vault.h", '#include "platform/base/result.h"\n')


class Functions(unittest.TestCase):
    def names(self, text):
        return [(name, length) for _, length, name in cpp.Source(text).functions()]

    def test_functions_in_scopes_are_found_and_scopes_are_not(self):
        self.assertEqual(self.names("namespace a {\nclass B final : public C {\n public:\n  int f() const {\n    x();\n"
                                    "  }\n};\nenum class E : int { x, y };\n}\nint g() {\n  if (a) {\n  }\n}\n"),
                         [("f", 3), ("g", 4)])

    def test_initialisers_belong_to_their_constructor(self):
        self.assertEqual(self.names("A::A(int x)\n    : a_{x},\n      b_{2} {\n  f();\n}\n"), [("A::A", 5)])

    def test_braces_in_literals_and_comments_do_not_count(self):
        self.assertEqual(self.names('void f() {\n  g("}", \'}\', R"(}")", 1\'000);  // }\n}\n'), [("f", 3)])

    def test_tables_are_not_functions(self):
        self.assertEqual(self.names("const Row kRows[] = {\n    {1, f(2)},\n};\nstruct P { int a = f(); };\n"), [])

    def test_templates_and_macros(self):
        self.assertEqual(self.names("#define X(a) \\\n  { a }\ntemplate <typename A, class B>\nvoid f(B b) {\n}\n"
                                    "TEST(Ab, Cd) {\n}\n"), [("f", 3), ("TEST", 2)])


if __name__ == "__main__":
    unittest.main()
