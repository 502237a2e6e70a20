// Who buys at the made-up company: names, addresses, ids at each source, and what each person agreed to.
//
// Nobody real: e-mail addresses lie in domains reserved for documentation (RFC 2606), telephone numbers in the ranges
// that regulators keep for film and television; where a country has no such range, its people have no number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "features/demo/catalogue.h"

namespace handschlag::demo {

// What somebody said to a question for consent; `none`: never answered it.
enum class Answer : std::uint8_t { none, granted, refused };

// A value is empty where the person has no such key.
struct Person {
  std::uint32_t number = 0;  // of the person; goes into message ids
  const Country* country = nullptr;
  std::string first;
  std::string last;
  std::string city;
  std::string email;
  std::string phone;                  // "+49 30 23125042"
  std::string user_id;                // of the shop, the app and the delivery service
  std::vector<std::string> browsers;  // anonymous ids; empty: never on the web
  std::string installation;           // anonymous id of the app
  std::string device;
  std::string card;    // the loyalty card
  std::string handle;  // on the social page

  Answer analytics = Answer::none;        // on the web
  Answer marketing = Answer::none;        // on the web
  Answer personalisation = Answer::none;  // in the app
  Answer location = Answer::none;         // in the app
  bool privacy_signal = false;            // the browser sends Global Privacy Control
  // Whether the shop's backend tells from which browser an order came; without it only the browser itself says so.
  bool browser_told_by_backend = true;

  int visits_a_year = 0;
  int sessions_a_year = 0;   // of the app
  int purchases_a_year = 0;  // at a branch
};

// `count` people, numbered from `first_number` on; the same ones for every call, a larger count only adds more. None
// gets one of the `taken_emails`.
std::vector<Person> make_people(std::size_t count, std::uint32_t first_number,
                                const std::vector<std::string>& taken_emails);

// "jörg.müller" → "joerg.mueller": letters of our countries in ASCII, for e-mail addresses.
std::string to_ascii(std::string_view text);

// The number as it is dialled within its country: "030 23125042".
std::string dialled_at_home(const Person& person);

}  // namespace handschlag::demo
