#include "features/demo/people.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "features/demo/random.h"
#include "platform/text/text.h"

namespace handschlag::demo {
namespace {

constexpr std::uint64_t kSeed = 0x4D6F'6577'6526'4D6F;  // any number; another one makes other people

// Kept by the regulators for film and television: Bundesnetzagentur (notice 148/2021), Ofcom, ARCEP, NANPA (555-0100 to
// 555-0199). Austria, Switzerland, the Netherlands and Poland keep none.
struct PhoneRange {
  std::string_view country;
  std::string_view prefix;
  int digits;
};
constexpr std::array kPhoneRanges = {
    PhoneRange{"DE", "+49 30 23125", 3}, PhoneRange{"DE", "+49 40 66969", 3}, PhoneRange{"DE", "+49 69 90009", 3},
    PhoneRange{"DE", "+49 89 99998", 3}, PhoneRange{"DE", "+49 221 4710", 3}, PhoneRange{"GB", "+44 7700 900", 3},
    PhoneRange{"FR", "+33 6 3998", 4},   PhoneRange{"US", "+1 503 55501", 2}, PhoneRange{"US", "+1 206 55501", 2},
    PhoneRange{"US", "+1 303 55501", 2}, PhoneRange{"US", "+1 312 55501", 2}, PhoneRange{"US", "+1 617 55501", 2},
    PhoneRange{"US", "+1 512 55501", 2},
};

struct Transcription {
  std::string_view letter;
  std::string_view ascii;
};
constexpr std::array kTranscriptions = {
    Transcription{"ä", "ae"}, Transcription{"ö", "oe"}, Transcription{"ü", "ue"}, Transcription{"ß", "ss"},
    Transcription{"é", "e"},  Transcription{"è", "e"},  Transcription{"ê", "e"},  Transcription{"ç", "c"},
    Transcription{"ô", "o"},  Transcription{"ł", "l"},  Transcription{"ń", "n"},  Transcription{"ś", "s"},
    Transcription{"ź", "z"},  Transcription{"ż", "z"},  Transcription{"ó", "o"},  Transcription{"ą", "a"},
    Transcription{"ę", "e"},  Transcription{"ć", "c"},  Transcription{"ı", "i"},  Transcription{" ", ""},
};

const Country& country_at(int percent) {
  for (const Country& country : countries()) {
    if (percent < country.people_percent) return country;
    percent -= country.people_percent;
  }
  return countries().front();
}

std::string lower_case(std::string_view country) {
  std::string out;
  for (char c : country) out += static_cast<char>(c - 'A' + 'a');
  return out;
}

Answer answer(Random& random, int granted_percent, int refused_percent) {
  int roll = random.between(1, 100);
  if (roll <= granted_percent) return Answer::granted;
  return roll <= granted_percent + refused_percent ? Answer::refused : Answer::none;
}

// Makes people one after the other, so that no address or number is given out twice.
class Maker {
 public:
  explicit Maker(const std::vector<std::string>& taken_emails) : emails_(taken_emails.begin(), taken_emails.end()) {}

  Person make(std::uint32_t number) {
    Random random(kSeed, number);
    Person person;
    person.number = number;
    person.country = &country_at(random.between(0, 99));
    person.first = random.pick(random.chance(52) ? person.country->women : person.country->men);
    person.last = random.pick(person.country->families);
    person.city = random.pick(person.country->cities);
    add_keys(random, person);
    add_habits(random, person);
    if (person.number % 150 == 0) person.email = fmt::format("{} at home", to_ascii(person.first));  // typed in haste
    return person;
  }

 private:
  void add_keys(Random& random, Person& person) {
    bool has_account = random.chance(70);
    bool gives_email = has_account || random.chance(55);
    if (gives_email) person.email = make_email(random, person);
    if (gives_email && random.chance(75)) person.phone = next_phone(person.country->code);
    if (has_account) person.user_id = fmt::format("K{}", 100'000 + person.number * 7);
    int browsers = random.chance(92) ? random.between(1, 3) : 0;
    for (int i = 0; i < browsers; ++i) person.browsers.push_back(make_uuid(random));
    if (has_account && random.chance(42)) {
      person.installation = make_uuid(random);
      person.device = make_uuid(random);
    }
    if (!person.country->branch.empty() && random.chance(45)) {
      person.card = fmt::format("MM {:04} {:04}", 2'000 + person.number / 10'000, person.number % 10'000);
    }
    if (random.chance(22)) person.handle = fmt::format("@{}_{}.example", to_ascii(person.first), person.number);
  }

  void add_habits(Random& random, Person& person) {
    // Browsers decide for the person where a country is used to being asked.
    person.analytics = answer(random, 52, 33);
    person.marketing = person.analytics == Answer::granted ? answer(random, 60, 35) : person.analytics;
    person.personalisation = answer(random, 62, 26);
    person.location = person.personalisation == Answer::granted ? answer(random, 50, 40) : person.personalisation;
    person.privacy_signal = random.chance(person.country->code == "US" ? 12 : 4);
    person.browser_told_by_backend = random.chance(85);
    if (!person.browsers.empty()) person.visits_a_year = random.between(1, 7) + random.between(0, 6);
    if (!person.device.empty()) person.sessions_a_year = random.between(4, 50);
    if (!person.card.empty()) person.purchases_a_year = random.between(1, 4);
  }

  std::string make_email(Random& random, const Person& person) {
    constexpr std::array<std::string_view, 3> kDomains = {"example.org", "example.net", "example.com"};
    std::string name = to_ascii(person.first) + "." + to_ascii(person.last);
    std::string domain = fmt::format("{}.{}", lower_case(person.country->code), random.pick(kDomains));
    for (int suffix = 1;; ++suffix) {
      std::string email =
          suffix == 1 ? fmt::format("{}@{}", name, domain) : fmt::format("{}{}@{}", name, suffix, domain);
      if (emails_.insert(email).second) return email;
    }
  }

  // "" when the country's ranges are used up, or it has none.
  std::string next_phone(std::string_view country) {
    std::vector<const PhoneRange*> ranges;
    for (const PhoneRange& range : kPhoneRanges) {
      if (range.country == country) ranges.push_back(&range);
    }
    if (ranges.empty()) return "";
    std::size_t place = phones_[country]++;
    const PhoneRange& range = *ranges[place % ranges.size()];
    std::size_t capacity = range.digits == 2 ? 100 : range.digits == 3 ? 1'000 : 10'000;
    std::size_t step = place / ranges.size();
    // The first ten of each range are left for the people of cast.cc.
    if (step + 10 >= capacity) return "";
    return fmt::format("{}{:0{}}", range.prefix, step + 10, range.digits);
  }

  std::set<std::string> emails_;
  std::map<std::string_view, std::size_t> phones_;  // given out, by country
};

}  // namespace

std::vector<Person> make_people(std::size_t count, std::uint32_t first_number,
                                const std::vector<std::string>& taken_emails) {
  Maker maker(taken_emails);
  std::vector<Person> people;
  people.reserve(count);
  for (std::size_t i = 0; i < count; ++i) people.push_back(maker.make(first_number + static_cast<std::uint32_t>(i)));
  return people;
}

std::string to_ascii(std::string_view text) {
  std::string folded = text::fold(text);
  std::string out;
  for (std::size_t i = 0; i < folded.size();) {
    auto known = std::find_if(kTranscriptions.begin(), kTranscriptions.end(), [&](const Transcription& entry) {
      return std::string_view(folded).substr(i).starts_with(entry.letter);
    });
    if (known == kTranscriptions.end()) {
      out += folded[i++];
    } else {
      out += known->ascii;
      i += known->letter.size();
    }
  }
  return out;
}

std::string dialled_at_home(const Person& person) {
  std::size_t space = person.phone.find(' ');
  if (space == std::string::npos) return person.phone;
  std::string_view trunk = person.country->code == "US" ? "" : "0";
  return fmt::format("{}{}", trunk, person.phone.substr(space + 1));
}

}  // namespace handschlag::demo
