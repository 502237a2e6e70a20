#include "features/regions/regions.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "platform/db/testing/testing.h"

namespace handschlag::regions {
namespace {

class RegionsTest : public testing::Test {
 protected:
  void SetUp() override {
    crypto::initialize();
    settings_.data_folder = folder_.path() / "data";
    settings_.key_folder = folder_.path() / "keys";
    settings_.regions = {{"eu", {"DE", "FR"}}, {"us", {"US"}}};
    settings_.home = "eu";
  }

  std::string key_text(const std::string& region) {
    std::ifstream file(settings_.key_folder / (region + ".key"));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  db::testing::TemporaryFolder folder_;
  Settings settings_;
};

TEST_F(RegionsTest, CountriesLeadToTheirRegionAndUnknownOnesHome) {
  ASSERT_TRUE(Regions::create_keys(settings_));
  auto regions = *Regions::open(settings_, {});
  EXPECT_EQ(regions->of_country("US").id(), "us");
  EXPECT_EQ(regions->of_country("FR").id(), "eu");
  EXPECT_EQ(regions->of_country("BR").id(), "eu");
  EXPECT_EQ(regions->of_country("").id(), "eu");
  EXPECT_EQ(regions->find("us")->id(), "us");
  EXPECT_EQ(regions->find("mars"), nullptr);
}

TEST_F(RegionsTest, EachRegionHasFilesOfItsOwn) {
  ASSERT_TRUE(Regions::create_keys(settings_));
  auto regions = *Regions::open(settings_, {});
  for (const char* region : {"eu", "us"}) {
    for (const char* name : {"data.db", "vault.db", "ledger.db"}) {
      EXPECT_TRUE(std::filesystem::exists(settings_.data_folder / "regions" / region / name));
    }
  }
  EXPECT_NE(regions->find("eu")->key().bytes(), regions->find("us")->key().bytes());
}

TEST_F(RegionsTest, KeysAreForTheOwnerOnlyAndNeverOverwritten) {
  ASSERT_TRUE(Regions::create_keys(settings_));
  std::string before = key_text("eu");
  struct stat info{};
  ASSERT_EQ(::stat((settings_.key_folder / "eu.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ASSERT_TRUE(Regions::create_keys(settings_));
  EXPECT_EQ(key_text("eu"), before);
}

TEST_F(RegionsTest, ARotatedKeyStandsBesideTheFormerOneUntilItIsFinished) {
  ASSERT_TRUE(Regions::create_keys(settings_));
  std::string before = key_text("eu");
  auto fresh = begin_key_rotation(settings_, "eu");
  ASSERT_TRUE(fresh) << fresh.error().detail;
  EXPECT_NE(key_text("eu"), before);
  EXPECT_EQ(key_text("eu"), crypto::to_base64(fresh->bytes()) + "\n");
  EXPECT_EQ(begin_key_rotation(settings_, "eu").error().code, "rotation_running");
  {
    auto regions = *Regions::open(settings_, {});
    EXPECT_EQ(regions->find("eu")->key().bytes(), fresh->bytes());
    ASSERT_TRUE(regions->find("eu")->former_key());
    EXPECT_EQ(crypto::to_base64(regions->find("eu")->former_key()->bytes()) + "\n", before);
    EXPECT_FALSE(regions->find("us")->former_key());
  }
  ASSERT_TRUE(finish_key_rotation(settings_, "eu"));
  EXPECT_TRUE(finish_key_rotation(settings_, "eu")) << "finishing twice is a no-op";
  EXPECT_FALSE((*Regions::open(settings_, {}))->find("eu")->former_key());
  EXPECT_TRUE(begin_key_rotation(settings_, "eu"));
}

TEST_F(RegionsTest, ARotationThatWasCutShortBeforeItBeganIsBegunAgain) {
  ASSERT_TRUE(Regions::create_keys(settings_));
  std::filesystem::copy_file(settings_.key_folder / "eu.key", settings_.key_folder / "eu.key.former");
  std::string before = key_text("eu");
  ASSERT_TRUE(begin_key_rotation(settings_, "eu"));
  EXPECT_NE(key_text("eu"), before);
}

TEST_F(RegionsTest, ARotationThatWasCutShortBeforeItBeganIsNone) {
  ASSERT_TRUE(Regions::create_keys(settings_));
  std::filesystem::copy_file(settings_.key_folder / "eu.key", settings_.key_folder / "eu.key.former");
  auto again = Regions::open(settings_, {});
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_FALSE(std::filesystem::exists(settings_.key_folder / "eu.key.former"));
  EXPECT_FALSE((*again)->find("eu")->former_key()) << "or what was brought over to nothing would be finished";
}

TEST_F(RegionsTest, AFormerKeyThatWasBeingDestroyedIsNoneAndNeverTakesThePlaceOfTheNext) {
  ASSERT_TRUE(Regions::create_keys(settings_));
  const std::string before = key_text("eu");
  std::ofstream(settings_.key_folder / "eu.key.former") << std::string(45, '0');
  auto opened = Regions::open(settings_, {});
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_FALSE((*opened)->find("eu")->former_key());
  opened->reset();
  ASSERT_TRUE(begin_key_rotation(settings_, "eu"));
  opened = Regions::open(settings_, {});
  ASSERT_TRUE((*opened)->find("eu")->former_key());
  EXPECT_EQ(crypto::to_base64((*opened)->find("eu")->former_key()->bytes()) + "\n", before);
}

TEST_F(RegionsTest, AKeyFromTheEnvironmentIsRotatedThere) {
  ASSERT_TRUE(Regions::create_keys(settings_));
  ::setenv("HANDSCHLAG_KEY_EU", crypto::to_base64(crypto::Key::random().bytes()).c_str(), 1);
  auto refused = begin_key_rotation(settings_, "eu");
  ::unsetenv("HANDSCHLAG_KEY_EU");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "region_key_from_environment");
}

TEST_F(RegionsTest, MissingOrMalformedKeySaysWhatToDo) {
  auto missing = Regions::open(settings_, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "region_key_missing");
  ASSERT_TRUE(Regions::create_keys(settings_));
  std::ofstream(settings_.key_folder / "us.key") << "short\n";
  EXPECT_EQ(Regions::open(settings_, {}).error().code, "region_key_malformed");
}

TEST_F(RegionsTest, WrongSettingsAreRefused) {
  auto refused = [&](std::vector<RegionSettings> regions, std::string home) {
    settings_.regions = std::move(regions);
    settings_.home = std::move(home);
    auto result = Regions::create_keys(settings_);
    return result ? "" : result.error().code;
  };
  EXPECT_EQ(refused({{"eu", {"DE"}}, {"eu", {}}}, "eu"), "region_invalid");
  EXPECT_EQ(refused({{"../up", {}}}, "../up"), "region_invalid");
  EXPECT_EQ(refused({{"eu", {"DE"}}, {"us", {"DE"}}}, "eu"), "region_country_invalid");
  EXPECT_EQ(refused({{"eu", {"Germany"}}}, "eu"), "region_country_invalid");
  EXPECT_EQ(refused({{"eu", {"DE"}}}, "us"), "region_home_unknown");
}

TEST_F(RegionsTest, DefaultRegionsAreValid) {
  settings_.regions = default_regions();
  EXPECT_TRUE(Regions::create_keys(settings_));
}

}  // namespace
}  // namespace handschlag::regions
