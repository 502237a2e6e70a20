#include "app/command_line.h"

#include <gtest/gtest.h>

namespace handschlag::app {
namespace {

TEST(CommandLineParsing, SourceAddTakesRepeatedPurposes) {
  auto parsed = parse_command_line({"source", "add", "--data", "d", "--id", "shop", "--touchpoint", "shop", "--purpose",
                                    "CustomerCare", "--purpose", "DirectMarketing:A6-1-a", "--trust", "server",
                                    "--country", "DE", "--format", "json"});
  EXPECT_EQ(parsed.line.command, "source add");
  EXPECT_EQ(parsed.line.data, "d");
  EXPECT_EQ(parsed.line.purposes, (std::vector<std::string>{"CustomerCare", "DirectMarketing:A6-1-a"}));
  EXPECT_EQ(parsed.line.trust, "server");
  EXPECT_TRUE(parsed.line.json);
}

TEST(CommandLineParsing, HelpIsNoFailure) {
  auto parsed = parse_command_line({"--help"});
  EXPECT_EQ(parsed.line.command, "");
  EXPECT_EQ(parsed.exit_code, 0);
  EXPECT_NE(parsed.output.find("serve"), std::string::npos);
}

TEST(CommandLineParsing, WrongUseSaysWhatIsMissing) {
  for (std::vector<std::string> arguments :
       {std::vector<std::string>{}, {"source", "add"}, {"frobnicate"}, {"serve", "--format", "xml"}, {"token"}}) {
    auto parsed = parse_command_line(arguments);
    EXPECT_EQ(parsed.line.command, "");
    EXPECT_EQ(parsed.exit_code, 2);
    EXPECT_FALSE(parsed.output.empty());
  }
}

TEST(CommandLineParsing, AWordThatIsNoCommandIsNamed) {
  for (std::vector<std::string> arguments : {std::vector<std::string>{"frobnicate"}, {"test-data", "frobnicate"}}) {
    auto parsed = parse_command_line(arguments);
    EXPECT_EQ(parsed.exit_code, 2);
    EXPECT_NE(parsed.output.find("'frobnicate' is no command"), std::string::npos) << parsed.output;
  }
  EXPECT_EQ(parse_command_line({"test-data", "--help"}).exit_code, 0);
  EXPECT_EQ(parse_command_line({"serve", "frobnicate"}).exit_code, 2);
}

TEST(CommandLineParsing, ImportNeedsFileAndMapping) {
  auto parsed = parse_command_line({"import", "csv", "sales.csv", "--mapping", "online_retail"});
  EXPECT_EQ(parsed.line.command, "import csv");
  EXPECT_EQ(parsed.line.file, "sales.csv");
  EXPECT_EQ(parsed.line.mapping, "online_retail");
}

TEST(CommandLineParsing, ImportOfConsentsNeedsFileAndSource) {
  auto parsed = parse_command_line({"import", "consents", "crm.csv", "--source", "crm", "--dry-run"});
  EXPECT_EQ(parsed.line.command, "import consents");
  EXPECT_EQ(parsed.line.source, "crm");
  EXPECT_TRUE(parsed.line.dry_run);
  EXPECT_EQ(parse_command_line({"import", "consents", "crm.csv"}).exit_code, 2);
}

}  // namespace
}  // namespace handschlag::app
