// Statements and receipts as the API has them.
#include "features/preferences/json.h"

#include <gtest/gtest.h>

namespace handschlag::preferences {
namespace {

Receipt receipt_of(consent::Act act) {
  Receipt receipt;
  receipt.region = "eu";
  receipt.handle = "eu-1";
  receipt.country = "DE";
  receipt.statement.id = {17};
  receipt.statement.identity = {36};
  receipt.statement.act = act;
  receipt.statement.channel = gate::Channel::email;
  receipt.statement.address = identity::Key{identity::KeyKind::email, "@self", "anna@example.org"};
  receipt.statement.occurred_at = receipt.statement.received_at = *parse_time("2026-11-23T10:00:00Z");
  receipt.statement.notice = {"newsletter", 3, "abc"};
  receipt.statement.proof = {"de", "Ja, gerne.", "Aufzeichnung 4711", "agent"};
  return receipt;
}

TEST(ConsentJsonTest, ReceiptSaysWhatWhenUnderWhichWords) {
  const json::Value receipt = receipt_json(receipt_of(consent::Act::given));
  EXPECT_EQ(receipt["record_id"], "eu-c17");
  EXPECT_EQ(receipt["pii_principal_id"], "eu-10");
  EXPECT_EQ(receipt["address"], "anna@example.org");
  EXPECT_EQ(receipt["processing"]["privacy_notice"]["version"], 3);
  EXPECT_EQ(receipt["processing"]["declaration"], "Ja, gerne.");
  EXPECT_EQ(receipt["processing"]["purposes"][0]["purpose_type"], "https://w3id.org/dpv#DirectMarketing");
  EXPECT_EQ(receipt["events"][0]["event_state"], "https://w3id.org/dpv#ConsentGiven");
  EXPECT_EQ(receipt["events"][0]["event_time"], "2026-11-23T10:00:00.000Z");
}

TEST(ConsentJsonTest, ReceiptOfANoSaysSo) {
  const json::Value receipt = receipt_json(receipt_of(consent::Act::objected));
  EXPECT_EQ(receipt["events"][0]["event_type"], "objected");
  EXPECT_EQ(receipt["events"][0]["event_state"], "https://w3id.org/dpv#ConsentWithdrawn");
}

TEST(ConsentJsonTest, WhatIsNotKnownIsNull) {
  Receipt bare = receipt_of(consent::Act::withdrawn);
  bare.statement.address.reset();
  bare.statement.notice = {};
  bare.statement.proof = {};
  bare.country.clear();
  const json::Value statement = to_json(bare);
  EXPECT_TRUE(statement["address"].is_null());
  EXPECT_TRUE(statement["notice"].is_null());
  EXPECT_TRUE(statement["evidence"].is_null());
  EXPECT_TRUE(statement["follows"].is_null());
  EXPECT_TRUE(receipt_json(bare)["processing"]["jurisdiction"].is_null());
  EXPECT_EQ(receipt_json(bare)["events"][0]["entity_id"], "pii_principal");
}

}  // namespace
}  // namespace handschlag::preferences
