#include "platform/http_client/webhook.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "platform/crypto/crypto.h"

namespace handschlag::http_client {
namespace {

// The example that the Standard Webhooks libraries test themselves with.
TEST(Signature, AgreesWithThePublishedExample) {
  const std::vector<std::string> secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
  EXPECT_EQ(*sign(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", from_millis(1'614'265'330'000), R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, HasOneForEachSecretTheNewestFirst) {
  crypto::initialize();
  const std::vector<std::string> both = {make_secret(), make_secret()};
  const std::vector<std::string> old = {both[1]};
  const std::string signatures = *sign(both, "eu-e1", from_millis(0), "{}");
  const std::size_t space = signatures.find(' ');
  ASSERT_NE(space, std::string::npos);
  EXPECT_EQ(signatures.substr(space + 1), *sign(old, "eu-e1", from_millis(0), "{}"));
  EXPECT_NE(signatures.substr(0, space), signatures.substr(space + 1));
}

TEST(Signature, CoversIdTimeAndBody) {
  const std::vector<std::string> secrets = {make_secret()};
  const std::string signature = *sign(secrets, "eu-e1", from_millis(1'000), "{}");
  EXPECT_NE(*sign(secrets, "eu-e2", from_millis(1'000), "{}"), signature);
  EXPECT_NE(*sign(secrets, "eu-e1", from_millis(2'000), "{}"), signature);
  EXPECT_NE(*sign(secrets, "eu-e1", from_millis(1'000), "{ }"), signature);
  EXPECT_EQ(*sign(secrets, "eu-e1", from_millis(1'999), "{}"), signature);  // whole seconds
}

TEST(Signature, ASecretThatIsNoneIsAnError) {
  for (const char* secret : {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_***"}) {
    const std::vector<std::string> secrets = {secret};
    EXPECT_EQ(sign(secrets, "eu-e1", from_millis(0), "{}").error().code, "secret_damaged") << secret;
  }
}

TEST(Signature, SecretsAreLongAndDiffer) {
  const std::string secret = make_secret();
  EXPECT_EQ(crypto::from_base64(secret.substr(6))->size(), 32U);
  EXPECT_NE(make_secret(), secret);
}

TEST(Signature, APostHasAllThatAReceiverChecks) {
  const std::vector<std::string> secrets = {make_secret()};
  const auto request = signed_post("https://crm.example/in", secrets, "m1", from_millis(1'500), "{}", {});
  ASSERT_TRUE(request);
  const std::map<std::string, std::string> headers(request->headers.begin(), request->headers.end());
  EXPECT_EQ(headers.at("webhook-id"), "m1");
  EXPECT_EQ(headers.at("webhook-timestamp"), "1");
  EXPECT_EQ(headers.at("webhook-signature"), *sign(secrets, "m1", from_millis(1'500), "{}"));
  EXPECT_EQ(request->body, "{}");
  EXPECT_FALSE(signed_post("https://crm.example/in", std::vector<std::string>{"x"}, "m1", {}, "{}", {}));
}

}  // namespace
}  // namespace handschlag::http_client
