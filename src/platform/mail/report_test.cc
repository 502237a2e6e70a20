#include "platform/mail/report.h"

#include <gtest/gtest.h>

namespace handschlag::mail {
namespace {

using Kind = Report::Kind;
using Addresses = std::vector<std::string>;

// Lines as they travel.
std::string wire(std::string_view text) {
  std::string out;
  for (char c : text) out += c == '\n' ? "\r\n" : std::string(1, c);
  return out;
}

std::string returned(std::string_view fields, std::string_view original = "Subject: Your parcel\n\nIt is here.\n") {
  return wire(
      "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nTo: bounces+01@mail.shop.example\n"
      "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
      "Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"AA.17/mx.example\"\n"
      "Subject: Could not be delivered\n\nFor programs that know no MIME.\n\n--AA.17/mx.example\n"
      "Content-Type: text/plain; charset=us-ascii\n\nSorry. Status: 2.0.0\n\n--AA.17/mx.example\n"
      "Content-Type: message/delivery-status\n\n" +
      std::string(fields) + "\n--AA.17/mx.example\nContent-Type: message/rfc822\n\n" + std::string(original) +
      "\n--AA.17/mx.example--\n");
}

TEST(MailReport, InTheStyleOfPostfix) {
  const Report report = read_report(returned(
      "Reporting-MTA: dns; mx.example\nX-Postfix-Queue-ID: 4ZxQ1\nArrival-Date: Mon, 23 Nov 2026 10:00:00 +0000\n\n"
      "Final-Recipient: rfc822; anna@example.org\nOriginal-Recipient: rfc822;anna@example.org\nAction: failed\n"
      "Status: 5.1.1\nRemote-MTA: dns; mail.example.org\nDiagnostic-Code: smtp; 550 5.1.1 <anna@example.org>:\n"
      "    Recipient address rejected: nobody of that name\n"));
  EXPECT_EQ(report.kind, Kind::failed);
  EXPECT_EQ(report.status, "5.1.1");
  EXPECT_EQ(report.code, 550);
  EXPECT_EQ(report.senders, Addresses{"bounces+01@mail.shop.example"});
}

TEST(MailReport, InTheStyleOfEximTheExactStatusStandsInTheDiagnosis) {
  Report report = read_report(
      returned("Reporting-MTA: dns; exim.example\n\nAction: failed\nFinal-Recipient: rfc822;anna@example.org\n"
               "Status: 5.0.0\nRemote-MTA: dns; mx.example.org\n"
               "Diagnostic-Code: smtp; 550-5.1.1 There is nobody\n 550 5.1.1 of that name here\n"));
  EXPECT_EQ(report.kind, Kind::failed);
  EXPECT_EQ(report.status, "5.1.1");
  report =
      read_report(returned("Reporting-MTA: dns; exim.example\n\nAction: failed\nStatus: 5.0.0\n"
                           "Diagnostic-Code: smtp; 550 nobody here\n"));
  EXPECT_EQ(report.status, "5.0.0");
  EXPECT_EQ(report.code, 550);
}

TEST(MailReport, InTheStyleOfExchange) {
  const Report report =
      read_report(returned("Reporting-MTA: dns;EX01.corp.example\nReceived-From-MTA: dns;mail.shop.example\n\n"
                           "Final-Recipient: rfc822;anna@example.org\nAction: failed\nStatus: 5.1.10\n"
                           "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.RecipientNotFound; not found by address lookup\n"
                           "X-Display-Name: Anna\n"));
  EXPECT_EQ(report.kind, Kind::failed);
  EXPECT_EQ(report.status, "5.1.10");
  EXPECT_EQ(report.code, 550);
}

TEST(MailReport, InTheStyleOfGmailWithAFullMailboxAndWithADelay) {
  Report report =
      read_report(returned("Reporting-MTA: dns; mail.example.com\nX-Original-Message-ID: <a@shop.example>\n\n"
                           "Final-Recipient: rfc822; anna@example.org\nAction: failed\nStatus: 5.2.2\n"
                           "Diagnostic-Code: smtp; 552-5.2.2 The mailbox is full\n 552 5.2.2 see elsewhere - gsmtp\n"
                           "Last-Attempt-Date: Mon, 23 Nov 2026 02:00:00 -0800 (PST)\n"));
  EXPECT_EQ(report.kind, Kind::failed);
  EXPECT_EQ(report.status, "5.2.2");
  EXPECT_EQ(report.code, 552);
  report =
      read_report(returned("Reporting-MTA: dns; mail.example.com\n\nFinal-Recipient: rfc822; anna@example.org\n"
                           "Action: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; no answer\n"
                           "Will-Retry-Until: Tue, 24 Nov 2026 02:00:00 -0800 (PST)\n"));
  EXPECT_EQ(report.kind, Kind::delayed);
  EXPECT_EQ(report.status, "4.4.1");
  EXPECT_EQ(report.code, 0);
}

TEST(MailReport, ADeliveryIsToldToo) {
  const Report report = read_report(returned("Reporting-MTA: dns; mx.example\n\nAction: relayed\nStatus: 2.1.5\n"));
  EXPECT_EQ(report.kind, Kind::delivered);
  EXPECT_EQ(report.status, "2.1.5");
}

TEST(MailReport, OfSeveralRecipientsTheGravestIsTold) {
  const Report report = read_report(
      returned("Reporting-MTA: dns; mx.example\n\nAction: delayed\nStatus: 4.2.0\n\n\nAction: failed (gone)\n"
               "Status: 5.2.1 (closed)\n\nAction: delivered\nStatus: 2.0.0\n"));
  EXPECT_EQ(report.kind, Kind::failed);
  EXPECT_EQ(report.status, "5.2.1");
}

TEST(MailReport, FieldsMayBeEncodedAndTheMailboxLineMayStandBefore) {
  const Report report = read_report(
      "From MAILER-DAEMON Mon Nov 23 10:00:00 2026\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=b\nMIME-Version: 1.0\n\n--b\n"
      "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"
      "UmVwb3J0aW5nLU1UQTogZG5zOyBhDQoNCkFjdGlvbjogZmFpbGVkDQpTdGF0dXM6IDUuMS4yDQo=\n--b--\n");
  EXPECT_EQ(report.kind, Kind::failed);
  EXPECT_EQ(report.status, "5.1.2");
}

std::string complaint(std::string_view type) {
  return wire(
      "From: feedback@provider.example\nTo: abuse@shop.example\nMIME-Version: 1.0\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\n\n--b\n"
      "Content-Type: text/plain\n\nSomebody pressed a button.\n--b\nContent-Type: message/feedback-report\n\n"
      "Feedback-Type: " +
      std::string(type) +
      "\nUser-Agent: Button/1\nVersion: 1\nOriginal-Mail-From: <bounces+02@mail.shop.example>\n"
      "Original-Rcpt-To: <anna@example.org>\n--b\nContent-Type: text/rfc822-headers\n\n"
      "Return-Path: <bounces+03@mail.shop.example>\nSubject: Offers\n--b--\n");
}

TEST(MailReport, AComplaintNamesWhoseMessageItIsAbout) {
  const Report report = read_report(complaint("abuse"));
  EXPECT_EQ(report.kind, Kind::complained);
  EXPECT_EQ(report.senders,
            (Addresses{"bounces+02@mail.shop.example", "bounces+03@mail.shop.example", "abuse@shop.example"}));
  EXPECT_EQ(read_report(complaint("not-spam")).kind, Kind::none);
  EXPECT_EQ(read_report(complaint("fraud")).kind, Kind::none);
}

TEST(MailReport, AnswersThatNobodyWroteAreNoReports) {
  const std::string head = "From: anna@example.org\nTo: bounces+01@mail.shop.example\nSubject: Away\n";
  EXPECT_EQ(read_report(wire(head + "Auto-Submitted: auto-replied\n\nUndelivered. Action: failed\n")).kind,
            Kind::automatic);
  EXPECT_EQ(read_report(wire(head + "Precedence: auto_reply\n\nI am away.\n")).kind, Kind::automatic);
  EXPECT_EQ(read_report(wire(head + "Auto-Submitted: no\n\nHello.\n")).kind, Kind::none);
  EXPECT_EQ(read_report(wire(head + "\nAction: failed\nStatus: 5.1.1\n")).kind, Kind::none);
  // Somebody read it: another kind of report.
  EXPECT_EQ(
      read_report(wire(head + "Auto-Submitted: auto-replied\nContent-Type: multipart/report; boundary=b; "
                              "report-type=disposition-notification\n\n--b\nContent-Type: "
                              "message/disposition-notification\n\nDisposition: automatic-action; deleted\n--b--\n"))
          .kind,
      Kind::automatic);
}

TEST(MailReport, WhatIsBrokenOrHostileIsRead) {
  EXPECT_EQ(read_report("").kind, Kind::none);
  EXPECT_EQ(read_report("From ").kind, Kind::none);
  EXPECT_EQ(read_report(std::string(1'000, '\0')).kind, Kind::none);
  EXPECT_EQ(read_report("Content-Type: multipart/report; boundary=b\n\n--b\n--b\n--b\n--b").kind, Kind::none);
  // What is not of the form is not taken over, in words least of all.
  Report report =
      read_report(returned("A: b\n\nAction: failed\nStatus: anna@example.org\nDiagnostic-Code: smtp; 550anna\n"));
  EXPECT_EQ(report.kind, Kind::failed);
  EXPECT_EQ(report.status, "");
  EXPECT_EQ(report.code, 0);
  // In a part of a part nothing is looked for, however deep it goes.
  std::string deep;
  for (int i = 0; i < 5'000; ++i)
    deep += "Content-Type: multipart/report; boundary=b" + std::to_string(i) + "\n\n--b" + std::to_string(i) + "\n";
  EXPECT_EQ(read_report(deep + "Content-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1\n").kind,
            Kind::none);
  // Groups without end, and a field without end.
  std::string many = "A: b\n\n";
  for (int i = 0; i < 30'000; ++i) many += "B: c\n\n";
  EXPECT_EQ(read_report(returned(many + "Action: failed\nStatus: 5.1.1\n")).kind, Kind::automatic);
  EXPECT_EQ(read_report(returned("A: b\n\nAction: " + std::string(400'000, 'f') + "\n")).kind, Kind::automatic);
  EXPECT_EQ(read_report("X: " + std::string(2 * kMaxReportBytes, 'x')).kind, Kind::none);
  // Only so many addresses.
  std::string to = "To: a0@b.example";
  for (int i = 1; i < 500; ++i) to += ",\n a" + std::to_string(i) + "@b.example";
  EXPECT_EQ(read_report(to + "\n\nhello\n").senders.size(), kMostSenders);
}

TEST(MailReport, AStatusHasThreeNumbers) {
  EXPECT_EQ(status_in("5.1.1 (unknown)"), "5.1.1");
  EXPECT_EQ(status_in("4.300.123"), "4.300.123");
  for (const char* bad : {"", "5", "5.1", "5.1.", "3.1.1", "5.1.1234", "5.1.1.1", "5..1", "5.1.1a", " 5.1.1"}) {
    EXPECT_EQ(status_in(bad), "") << bad;
  }
}

}  // namespace
}  // namespace handschlag::mail
