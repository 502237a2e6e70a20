// The command line: what can be asked of the binary, parsed. Parsing has no effect; commands.h carries it out.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "platform/base/result.h"

namespace handschlag::app {

struct CommandLine {
  std::string command;  // "serve", "init", "source add", ..., "doctor"; "" when help or the version was printed
  std::string data = "data";
  std::string config;
  std::string listen;
  bool json = false;

  std::string id;
  std::string name;
  std::string touchpoint;
  std::string name_space;
  std::string country;
  std::string trust = "public";
  std::string mode = "live";
  std::string plan;
  std::vector<std::string> purposes;
  std::vector<std::string> consent_categories;  // CATEGORY=PURPOSE
  std::int64_t overlap_hours = 24;
  std::int64_t events_per_second = 0;  // 0: what holds for all sources
  std::int64_t burst = 0;              // 0: ten seconds' worth

  std::string role;
  std::string region;
  bool for_children = false;  // of a source
  std::vector<std::string> data_categories;
  std::string unit;         // of a source, a token, a member: a part of the company, as in south/munich
  std::int64_t number = 0;  // of a token
  std::int64_t days = 0;    // until a token expires; 0: never
  std::string login;
  std::string password_file;  // "-": standard input
  std::string password;       // never among the words: they stand in the list of processes

  std::string to;  // of a backup
  std::int64_t backup_days = 35;
  std::string from;  // the same, to be restored
  std::string key;
  std::string kind = "region";  // of the key to be rotated
  std::string operation;        // that takes two people
  std::string target;
  std::string reason;
  std::vector<std::string> erasures;
  std::string url;
  std::vector<std::string> sources;
  std::vector<std::string> types;
  std::vector<std::string> names;  // of events
  std::string payload = "slim";
  std::string order = "strict";
  std::int64_t concurrency = 1;
  std::int64_t rate = 100;
  std::string after;  // the id of an event, or "start"

  std::string address;  // to which a report of mail came
  std::string said;     // what a report of mail says, as JSON: read by the command, taken in by the server

  std::string file;
  std::string mapping;
  std::string source;
  std::string report;
  bool dry_run = false;
  std::int64_t people = 3'000;
  bool no_serve = false;
};

struct ParsedCommandLine {
  CommandLine line;
  std::string output;  // help, version, or what is wrong
  int exit_code = 0;   // to end with at once where `line.command` is empty
};

// `arguments` without the program's name. Never throws.
ParsedCommandLine parse_command_line(std::vector<std::string> arguments);

}  // namespace handschlag::app
