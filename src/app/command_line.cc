#include "app/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>

#include "app/version.h"
#include "features/staff/staff.h"

namespace handschlag::app {
namespace {

// The options that every command has.
void add_common(CLI::App* command, CommandLine& line) {
  command->add_option("--data", line.data, "The data folder")->capture_default_str();
  command->add_option("--config", line.config, "A TOML file with settings; see docs/configuration.md");
  command
      ->add_option_function<std::string>(
          "--format", [&line](const std::string& format) { line.json = format == "json"; },
          "text, or json for programs")
      ->check(CLI::IsMember({"text", "json"}));
}

CLI::App* add_command(CLI::App* parent, CommandLine& line, const std::string& name, const std::string& description) {
  CLI::App* command = parent->add_subcommand(name, description);
  add_common(command, line);
  std::string full = parent->get_parent() == nullptr ? name : parent->get_name() + " " + name;
  command->callback([&line, full] { line.command = full; });
  return command;
}

void add_serving(CLI::App& root, CommandLine& line) {
  add_command(&root, line, "init", "Makes a data folder, its keys and its databases");
  auto* serve = add_command(&root, line, "serve", "Answers requests until it is stopped");
  serve->add_option("--listen", line.listen,
                    "ADDRESS:PORT, 127.0.0.1:8080 unless the settings say otherwise; port 0 is any free one");
  auto* demo = add_command(&root, line, "demo", "Fills a data folder with a made-up company and serves it");
  demo->add_option("--listen", line.listen, "ADDRESS:PORT");
  demo->add_option("--people", line.people, "How many customers")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  demo->add_flag("--no-serve", line.no_serve, "Only fill");
  add_command(&root, line, "reload", "Makes a running server read its settings and its certificate again");
  add_command(&root, line, "doctor", "Looks whether everything is in order, and says what to do where it is not");
}

void add_sources(CLI::App& root, CommandLine& line) {
  auto* source = root.add_subcommand("source", "The systems that send events");
  source->require_subcommand(1);
  auto* add = add_command(source, line, "add", "Adds a source and prints its write key, once");
  add->add_option("--id", line.id, "A short name, as in shop")->required();
  add->add_option("--touchpoint", line.touchpoint, "Where the customer meets the company: shop, till, app, hotline ...")
      ->required();
  add->add_option("--purpose", line.purposes,
                  "NAME[:BASIS], as in CustomerOrderManagement or ServiceUsageAnalytics:A6-1-a; repeatable")
      ->required();
  add->add_option("--trust", line.trust, "server: its key is secret; public: its key is in browsers and apps")
      ->check(CLI::IsMember({"server", "public"}))
      ->capture_default_str();
  add->add_option("--country", line.country, "ISO 3166 code of people whose country nothing else tells");
  add->add_option("--name", line.name, "For people");
  add->add_option("--unit", line.unit, "The part of the company that it belongs to, as in south/munich");
  add->add_flag("--for-children", line.for_children, "It is of a service that is offered to children");
  add->add_option("--data-category", line.data_categories,
                  "What its events hold beyond ordinary data: special (health, fitness, beliefs), location (where "
                  "somebody is), recording (what a device heard or saw); repeatable")
      ->check(CLI::IsMember({"special", "location", "recording"}));
  add->add_option("--namespace", line.name_space,
                  "Sources with one namespace share ids; the source's id unless said otherwise");
  add->add_option("--consent-category", line.consent_categories,
                  "CATEGORY=PURPOSE: which purpose a category on the wire grants; repeatable");
  add->add_option("--plan", line.plan, "A JSON file of the events and fields the source may send");
  add->add_option("--mode", line.mode, "live or test")->check(CLI::IsMember({"live", "test"}))->capture_default_str();
  add_command(source, line, "list", "Lists the sources");
  auto* rotate = add_command(source, line, "rotate", "Gives a source a new write key");
  rotate->add_option("--id", line.id, "The source")->required();
  rotate->add_option("--overlap-hours", line.overlap_hours, "How long the old key stays valid")
      ->capture_default_str()
      ->check(CLI::Range(0, 24 * 365));
  auto* quota = add_command(source, line, "quota", "Says how many events a source may send");
  quota->add_option("--id", line.id, "The source")->required();
  quota->add_option("--events-per-second", line.events_per_second, "0: what the settings say for all sources")
      ->required()
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{10'000'000}));
  quota->add_option("--burst", line.burst, "How many at once after a pause; ten seconds' worth unless said otherwise")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
  auto* unit = add_command(source, line, "unit", "Says which part of the company a source belongs to");
  unit->add_option("--id", line.id, "The source")->required();
  unit->add_option("--unit", line.unit, "A path of names, as in south/munich; \"\" is the whole company")->required();
  add_command(source, line, "enable", "Takes events of a source again")
      ->add_option("--id", line.id, "The source")
      ->required();
  add_command(source, line, "disable", "Takes no events of a source")
      ->add_option("--id", line.id, "The source")
      ->required();
}

void add_staff(CLI::App& root, CommandLine& line) {
  auto* token = root.add_subcommand("token", "Access of programs to the API");
  token->require_subcommand(1);
  auto* add = add_command(token, line, "add", "Makes a token and prints it, once");
  std::vector<std::string_view> roles;
  for (const auto& role : staff::roles()) roles.push_back(role.name);
  // Named in the help, and so for completion; what is wrong is told by the command, also as JSON.
  add->add_option("--role", line.role, "What it may do")
      ->type_name(fmt::format("TEXT:{{{}}}", fmt::join(roles, ",")))
      ->required();
  add->add_option("--name", line.name, "What it is for")->required();
  add->add_option("--region", line.region, "The only region it may see");
  add->add_option("--unit", line.unit, "The part of the company to which it is limited, as in south/munich");
  add->add_option("--purpose", line.purposes, "For what an integration may have events; repeatable");
  add->add_option("--days", line.days, "After how many days it expires; 0: never")->check(CLI::Range(0, 36'500));
  auto* revoke = add_command(token, line, "revoke", "Takes a token back");
  revoke->add_option("--id", line.number, "Its number, as in token list")->required();
  add_command(token, line, "list", "Lists the tokens; never their text");

  auto* staff = root.add_subcommand("staff", "The members of staff");
  staff->require_subcommand(1);
  add_command(staff, line, "link", "Makes the link by which the first admin comes in; good once, for a day");
  auto* member = add_command(staff, line, "add", "Adds a member; the password is asked for, or read from a file");
  member->add_option("--login", line.login, "E-mail address or short name")->required();
  member->add_option("--name", line.name, "For people")->required();
  member->add_option("--role", line.role, "As for tokens")->required();
  member->add_option("--unit", line.unit, "The part of the company to which they are limited, as in south/munich");
  member->add_option("--password-file", line.password_file,
                     "A file whose first line is the password; - for standard input");
}

void add_approvals(CLI::App& root, CommandLine& line) {
  auto* approvals = root.add_subcommand("approvals", "What takes two people: ask, and decide what others asked for");
  approvals->require_subcommand(1);
  auto person = [&](CLI::App* command) {
    command->add_option("--as", line.login, "Your login; your password is asked for, or read from a file")->required();
    command->add_option("--reason", line.reason, "Why")->required();
    command->add_option("--password-file", line.password_file,
                        "A file whose first line is the password; - for standard input");
  };
  auto* ask = add_command(approvals, line, "ask", "Asks for what takes two people; over after 24 hours");
  ask->add_option("--operation", line.operation,
                  "rotate_region_key, rotate_digest_key, grant_admin, grant_data_protection_officer, admit_token, "
                  "open_webhook or delete_test_data")
      ->required();
  ask->add_option("--target", line.target,
                  "What it is done to, as in region:eu, staff:3, token:5, webhook:crm; test-data")
      ->required();
  person(ask);
  for (auto [name, description] : {std::pair{"approve", "Approves what somebody else asked for, and has it done"},
                                   std::pair{"decline", "Declines what somebody else asked for"},
                                   std::pair{"withdraw", "Takes back what you asked for yourself"}}) {
    auto* decide = add_command(approvals, line, name, description);
    decide->add_option("--id", line.number, "Its number, as in approvals list")->required();
    person(decide);
  }
  add_command(approvals, line, "list", "Lists what was asked for, newest first");
}

void add_upkeep(CLI::App& root, CommandLine& line) {
  auto* backup = add_command(&root, line, "backup", "Takes a backup of everything, also while the server runs");
  backup->add_option("--to", line.to, "A folder that is not there yet")->required();
  backup->add_option("--days", line.backup_days, "After how many days nobody can read it any more")
      ->capture_default_str()
      ->check(CLI::Range(1, 35));
  auto* check = add_command(&root, line, "backup-check", "Reads a backup whole and tells whether it can be restored");
  auto* restore = add_command(&root, line, "restore", "Makes a data folder from a backup");
  for (auto* command : {check, restore}) {
    command->add_option("--from", line.from, "The folder of the backup")->required();
    command->add_option("--key", line.key, "The file of its key; from the key folder unless said otherwise");
  }
  restore->add_option("--erasures", line.erasures,
                      "A list of erasures that is newer than the backup: who is in it does not come back; repeatable");

  auto* keys = root.add_subcommand("keys", "The keys of regions and of backups");
  keys->require_subcommand(1);
  add_command(keys, line, "list", "Lists them, never their text");
  add_command(keys, line, "prune", "Destroys the keys of backups that have expired; the server does it every hour");
  auto* rotate = add_command(keys, line, "rotate",
                             "Gives a region a new key of its own, or for look-ups, also while the server runs");
  rotate->add_option("--region", line.region, "The region")->required();
  rotate->add_option("--kind", line.kind, "region: what wraps the keys of its vault; digest: what look-ups go by")
      ->check(CLI::IsMember({"region", "digest"}))
      ->capture_default_str();

  auto* test_data = root.add_subcommand("test-data", "What test sources made up");
  test_data->require_subcommand(1);
  add_command(test_data, line, "delete",
              "Deletes all that test sources have sent until now, also while the server runs");
}

void add_mail(CLI::App& root, CommandLine& line) {
  auto* bounce = add_command(&root, line, "bounce",
                             "Takes in what a mail server sent back, from standard input; see docs/outreach.md");
  bounce->add_option("--address", line.address, "The address it came to, with the tag in it; or the tag alone");
  bounce->add_option("--said", line.said)->group("");  // between the command and the server
}

void add_webhooks(CLI::App& root, CommandLine& line) {
  auto* webhook = root.add_subcommand("webhook", "Events sent to other systems of the company; see docs/webhooks.md");
  webhook->require_subcommand(1);
  auto named = [&](const char* name, const char* description) {
    auto* command = add_command(webhook, line, name, description);
    command->add_option("--id", line.id, "The webhook, as in crm")->required();
    return command;
  };
  auto* add = named("add", "Adds a webhook and prints its secret, once");
  add->add_option("--url", line.url, "Where events are sent")->required();
  add->add_option("--region", line.region, "Whose events")->required();
  add->add_option("--purpose", line.purposes, "For which the receiver uses them")->required();
  add->add_option("--mode", line.mode, "live, or test: what test sources made up")
      ->check(CLI::IsMember({"live", "test"}))
      ->capture_default_str();
  add->add_option("--source", line.sources, "Events of this source; repeatable; all without it");
  add->add_option("--type", line.types, "Events of this type; repeatable; all without it")
      ->check(CLI::IsMember({"identify", "track", "page", "screen", "group", "alias"}));
  add->add_option("--event", line.names, "Events of this name; repeatable; all without it");
  add->add_option("--payload", line.payload, "slim: ids, type and times; full: all of the event")
      ->check(CLI::IsMember({"slim", "full"}))
      ->capture_default_str();
  add->add_option("--order", line.order, "strict: an event waits for the one before; any: it does not")
      ->check(CLI::IsMember({"strict", "any"}))
      ->capture_default_str();
  add->add_option("--concurrency", line.concurrency, "Requests at once")->capture_default_str();
  add->add_option("--rate", line.rate, "Requests a second at most")->capture_default_str();
  add->add_option("--name", line.name, "For people");
  add_command(webhook, line, "list", "Lists the webhooks and how each goes");
  named("enable", "Goes on where it stopped");
  named("disable", "Sends nothing until it is enabled");
  named("rotate", "Gives a webhook a new secret")
      ->add_option("--overlap-hours", line.overlap_hours, "How long the old secret signs too")
      ->capture_default_str()
      ->check(CLI::Range(0, 24 * 30));
  named("test", "Sends a test message");
  named("log", "Shows the newest attempts");
  named("redeliver", "Tries all dead letters again");
  named("replay", "Sends again what came after an event")
      ->add_option("--after", line.after, "The id of an event, as in eu-e2s, or start")
      ->required();
  named("remove", "Ends a webhook, with its log and dead letters");
}

void add_moves(CLI::App& root, CommandLine& line) {
  auto* move = add_command(&root, line, "move", "Moves a customer's data to the region where the person lives now");
  move->add_option("--customer", line.id, "A handle, as in eu-2s")->required();
  move->add_option("--to", line.region, "The region")->required();
  move->add_option("--country", line.country, "ISO 3166 code of where the person lives now")->required();
  move->add_option("--purpose", line.purposes, "RightsFulfilment, since the person asked for it, or LegalCompliance")
      ->expected(1);
  add_command(&root, line, "moves", "Lists the customers who were moved, the latest first");
}

void add_import(CLI::App& root, CommandLine& line) {
  auto* import = root.add_subcommand("import", "What other systems kept: events of the past, and consents");
  import->require_subcommand(1);
  auto* csv = add_command(import, line, "csv", "Imports a CSV file; the same file again adds nothing");
  csv->add_option("file", line.file, "The file, or - for standard input")->required();
  csv->add_option("--mapping", line.mapping, "A TOML file, or the name of a mapping that comes with the program")
      ->required();
  csv->add_option("--source", line.source, "The source it is imported for; the mapping's own unless said otherwise");
  csv->add_option("--report", line.report, "Where rejected lines are listed; beside the file unless said otherwise");
  auto* consents = add_command(import, line, "consents",
                               "Brings consents along from another system; the same file again adds nothing");
  consents->add_option("file", line.file, "CSV or JSON lines, as docs/consents.md tells; or - for standard input")
      ->required();
  consents->add_option("--source", line.source, "The source whose customer numbers and countries these are")
      ->required();
  consents->add_option("--report", line.report,
                       "Where refused lines are listed; beside the file unless said otherwise");
  consents->add_flag("--dry-run", line.dry_run, "Takes nothing, and tells what would become of each line");
}

std::string names_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* one : command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(one->get_name());
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// The first word that should be a command and is none, told as a sentence; "" where all are.
std::string unknown_command(const CLI::App& root, const std::vector<std::string>& words) {
  const CLI::App* above = &root;
  for (const std::string& word : words) {
    if (word.starts_with('-') || names_of(*above).empty()) return "";
    auto named = above->get_subcommands([&](const CLI::App* one) { return one->get_name() == word; });
    if (named.empty()) {
      return fmt::format("'{}' is no command of {}; it has {}.\nRun with --help for more information.\n", word,
                         above->get_name(), names_of(*above));
    }
    above = named.front();
  }
  return "";
}

}  // namespace

ParsedCommandLine parse_command_line(std::vector<std::string> arguments) {
  ParsedCommandLine out;
  CLI::App root{"Handschlag: customer experience management that treats the customer as an equal", "handschlag"};
  root.set_version_flag("--version", kVersion);
  root.require_subcommand(1);
  add_serving(root, out.line);
  add_sources(root, out.line);
  add_staff(root, out.line);
  add_mail(root, out.line);
  add_webhooks(root, out.line);
  add_import(root, out.line);
  add_approvals(root, out.line);
  add_upkeep(root, out.line);
  add_moves(root, out.line);
  const std::string unknown = unknown_command(root, arguments);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  try {
    root.parse(arguments);
  } catch (const CLI::ParseError& error) {
    std::ostringstream text;
    out.exit_code = root.exit(error, text, text) == 0 ? 0 : 2;
    out.output = out.exit_code == 0 || unknown.empty() ? text.str() : unknown;
    out.line.command.clear();
  }
  return out;
}

}  // namespace handschlag::app
