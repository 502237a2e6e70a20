#include "features/demo/cast.h"

#include <fmt/format.h>

#include <initializer_list>
#include <string_view>
#include <utility>

#include "features/demo/teller.h"

namespace handschlag::demo {
namespace {

using std::chrono::days;
using std::chrono::hours;

// In the order of make_scripted().
enum class Role : std::size_t { anna, jonas, grace, ute, kai, mia, claire, tester, nobody };
constexpr std::size_t kScripted = 9;
constexpr std::uint32_t kFirstNumberAfterCast = 100;
constexpr std::size_t kTestBrowsers = 140;  // more than identities may join one customer
constexpr std::size_t kBranchCards = 25;    // more than may share one address
constexpr int kWalkInsPerPerson = 3;

Person named(Role role, std::string_view country, std::string first, std::string last, std::string_view city,
             std::string email) {
  Person person;
  person.number = static_cast<std::uint32_t>(role) + 1;
  person.country = &country_of(country);
  person.first = std::move(first);
  person.last = std::move(last);
  person.city = city;
  person.email = std::move(email);
  return person;
}

// The ids of browsers and devices need only be unlike all others.
std::string id_of(const Person& person, int number) {
  return fmt::format("{:08x}-0000-4000-8000-{:012x}", person.number, number);
}

void give_account(Person& person, int browsers) {
  person.user_id = fmt::format("K{}", 100'000 + person.number * 7);
  for (int i = 1; i <= browsers; ++i) person.browsers.push_back(id_of(person, i));
}

void answer_everything(Person& person, Answer answer) {
  person.analytics = person.marketing = person.personalisation = person.location = answer;
}

Person make_anna() {
  Person anna = named(Role::anna, "DE", "Anna", "Petersen", "Flensburg", "anna.petersen@de.example.org");
  give_account(anna, 2);
  answer_everything(anna, Answer::granted);
  anna.phone = "+49 40 66969001";
  anna.card = "MM 1000 0001";
  anna.handle = "@anna_faehrt.example";
  anna.installation = id_of(anna, 10);
  anna.device = id_of(anna, 11);
  return anna;
}

Person make_jonas() {
  Person jonas = named(Role::jonas, "AT", "Jonas", "Huber", "Wien", "jonas.huber@at.example.org");
  give_account(jonas, 1);
  answer_everything(jonas, Answer::granted);
  jonas.browser_told_by_backend = false;
  return jonas;
}

Person make_grace() {
  Person grace = named(Role::grace, "US", "Grace", "Miller", "Portland", "grace.miller@us.example.com");
  give_account(grace, 1);
  answer_everything(grace, Answer::granted);
  grace.privacy_signal = true;
  grace.phone = "+1 503 5550101";
  grace.card = "MM 1000 0003";
  return grace;
}

Person make_brandt(Role role, std::string first) {
  Person person = named(role, "DE", std::move(first), "Brandt", "Kiel", "familie.brandt@de.example.org");
  give_account(person, 1);
  answer_everything(person, Answer::granted);
  person.phone = "+49 40 66969002";
  return person;
}

Person make_claire() {
  Person claire = named(Role::claire, "FR", "Claire", "Fontaine", "Strasbourg", "claire.fontaine@fr.example.net");
  give_account(claire, 2);
  answer_everything(claire, Answer::refused);
  claire.phone = "+33 6 39980001";
  claire.installation = id_of(claire, 10);
  claire.device = id_of(claire, 11);
  return claire;
}

// The company's own people trying out the shop, each time in a fresh browser.
Person make_tester() {
  Person tester = named(Role::tester, "DE", "Test", "Test", "Flensburg", "test@example.org");
  tester.user_id = "test";
  answer_everything(tester, Answer::granted);
  for (std::size_t i = 0; i < kTestBrowsers; ++i) tester.browsers.push_back(id_of(tester, static_cast<int>(i)));
  return tester;
}

// A program of the shop's that does not notice when nobody is there.
Person make_nobody() {
  Person nobody = named(Role::nobody, "DE", "", "", "", "");
  nobody.user_id = "null";
  nobody.browsers = {"undefined"};
  return nobody;
}

std::vector<Person> make_scripted() {
  return {make_anna(),
          make_jonas(),
          make_grace(),
          make_brandt(Role::ute, "Ute"),
          make_brandt(Role::kai, "Kai"),
          make_brandt(Role::mia, "Mia"),
          make_claire(),
          make_tester(),
          make_nobody()};
}

class Script {
 public:
  Script(Story& story, Role role, Time begin, Time end) : teller_(story, static_cast<std::size_t>(role), begin, end) {}

  Teller& tell() { return teller_; }

  // Looks around, signs in, and buys what it looked at.
  std::uint32_t shop(int days_ago, std::initializer_list<std::string_view> ids, std::uint8_t browser = 0) {
    Teller::Visit visit = look(days_ago, ids, browser);
    std::vector<Order::Line> lines;
    for (std::string_view id : ids) {
      teller_.add_to_cart(visit, product_number(id));
      lines.push_back({product_number(id), 1});
    }
    teller_.start_checkout(visit);
    teller_.sign_in(visit);
    last_order_ = visit.at;
    return teller_.complete_order(visit, std::move(lines));
  }

  Teller::Visit look(int days_ago, std::initializer_list<std::string_view> ids, std::uint8_t browser = 0) {
    Teller::Visit visit{teller_.days_ago(days_ago, 18, 22), browser, false};
    teller_.view_page(visit, 0);
    for (std::string_view id : ids) teller_.view_product(visit, product_number(id));
    return visit;
  }

  void deliver(std::uint32_t order, int after_days) {
    teller_.happen_to(order, What::order_shipped, last_order_ + hours(15));
    teller_.happen_to(order, What::order_delivered, last_order_ + days(after_days) - hours(7));
  }

  Time after_order(int days_later) const { return last_order_ + days(days_later) - hours(8); }

 private:
  Teller teller_;
  Time last_order_{};
};

void tell_anna(Script script) {
  Teller& tell = script.tell();
  script.look(331, {"R-110", "R-111", "T-401"});
  std::uint32_t bicycle = script.shop(318, {"R-110", "P-703"});
  tell.happen_to(bicycle, What::order_shipped, script.after_order(2));
  tell.happen_to(bicycle, What::delivery_delayed, script.after_order(7));
  tell.call(script.after_order(8), About::late, bicycle);
  tell.happen_to(bicycle, What::order_delivered, script.after_order(11));
  tell.call(script.after_order(12), About::part_missing, bicycle);
  tell.write_publicly(script.after_order(60), About::praise, bicycle);
  tell.purchase(tell.days_ago(287), {{product_number("T-401"), 2}, {product_number("P-708"), 1}});
  tell.purchase(tell.days_ago(151), {{product_number("W-801"), 1}});
  for (int days_ago = 280; days_ago > 0; days_ago -= 9) tell.use_app(tell.days_ago(days_ago, 7, 18), 40 + days_ago);
  std::uint32_t clothes = script.shop(74, {"J-601", "J-605"}, 1);
  script.deliver(clothes, 4);
  tell.happen_to(clothes, What::return_requested, script.after_order(6));
  tell.call(script.after_order(8), About::return_label, clothes);
  tell.happen_to(clothes, What::order_refunded, script.after_order(15));
  std::uint32_t tent = script.shop(6, {"Z-502", "Z-505"}, 1);
  tell.happen_to(tent, What::order_shipped, script.after_order(1));
  tell.write_publicly(script.after_order(5), About::late, tent);
}

void tell_jonas(Script script) {
  script.look(200, {"E-201", "E-203"});
  script.deliver(script.shop(190, {"E-203", "P-701"}), 5);
  script.look(40, {"T-403"});
  Teller::Visit visit = script.look(12, {"Z-503", "Z-504"});
  script.tell().sign_in(visit);
  script.tell().view_product(visit, product_number("Z-504"));
}

void tell_grace(Script script) {
  Teller& tell = script.tell();
  script.look(260, {"R-140"});
  std::uint32_t cargo = script.shop(244, {"R-140", "K-305"});
  script.deliver(cargo, 9);
  tell.call(script.after_order(11), About::advice, cargo);
  tell.purchase(tell.days_ago(130), {{product_number("W-802"), 1}, {product_number("P-702"), 2}});
  std::uint32_t trousers = script.shop(33, {"J-602"});
  tell.happen_to(trousers, What::order_cancelled, script.after_order(1));
  script.deliver(script.shop(21, {"K-302", "P-704"}), 6);
}

void tell_household(Script ute, Script kai, Script mia) {
  ute.deliver(ute.shop(300, {"R-102"}), 5);
  kai.deliver(kai.shop(220, {"R-120", "P-707"}), 4);
  mia.deliver(mia.shop(90, {"K-304"}), 4);
  ute.tell().call(ute.tell().days_ago(80), About::repair);
}

void tell_claire(Script script) {
  for (int days_ago : {270, 180, 99, 44, 15}) script.look(days_ago, {"R-130", "T-404"});
  std::uint32_t bicycle = script.shop(170, {"R-130", "T-404"}, 1);
  script.deliver(bicycle, 6);
  script.tell().call(script.after_order(9), About::invoice, bicycle);
  for (int days_ago : {160, 120, 80}) script.tell().use_app(script.tell().days_ago(days_ago), 85);
}

void tell_tester(Script script) {
  for (std::size_t i = 0; i < kTestBrowsers; ++i) {
    int days_ago = 360 - static_cast<int>(i) * 2;
    std::uint32_t order = script.shop(days_ago, {"P-704"}, static_cast<std::uint8_t>(i));
    script.tell().happen_to(order, What::order_cancelled, script.after_order(1));
  }
}

void tell_nobody(Script script) {
  for (int days_ago = 48; days_ago > 0; days_ago -= 2) {
    Teller::Visit visit = script.look(days_ago, {});
    script.tell().sign_in(visit);
  }
}

Person make_walk_in(const Country& country, std::uint32_t number, int purchases) {
  Person person;
  person.number = number;
  person.country = &country;
  person.city = country.branch;
  person.purchases_a_year = purchases;
  return person;
}

// A card sold at a branch that types its own address where the customer gave none.
Person make_branch_card(std::uint32_t number) {
  Person person = make_walk_in(country_of("DE"), number, 2);
  person.card = fmt::format("MM 1000 {:04}", number);
  person.email = "filiale.flensburg@de.example.org";
  return person;
}

}  // namespace

std::vector<Person> make_cast(std::size_t crowd) {
  std::vector<Person> cast = make_scripted();
  auto number = static_cast<std::uint32_t>(cast.size());
  int branches = 0;
  for (const Country& country : countries()) branches += country.branch.empty() ? 0 : 1;
  for (const Country& country : countries()) {
    if (country.branch.empty()) continue;
    cast.push_back(make_walk_in(country, ++number, static_cast<int>(crowd) * kWalkInsPerPerson / branches));
  }
  for (std::size_t i = 0; i < kBranchCards; ++i) cast.push_back(make_branch_card(++number));
  return cast;
}

std::uint32_t first_number_after_cast() {
  return kFirstNumberAfterCast;
}

std::vector<Person> make_crowd(std::size_t count) {
  std::vector<std::string> taken;
  for (const Person& person : make_cast(count)) taken.push_back(person.email);
  return make_people(count, first_number_after_cast(), taken);
}

std::size_t tell_cast(Story& story, Time begin, Time end) {
  auto script = [&](Role role) { return Script(story, role, begin, end); };
  tell_anna(script(Role::anna));
  tell_jonas(script(Role::jonas));
  tell_grace(script(Role::grace));
  tell_household(script(Role::ute), script(Role::kai), script(Role::mia));
  tell_claire(script(Role::claire));
  tell_tester(script(Role::tester));
  tell_nobody(script(Role::nobody));
  return kScripted;
}

std::vector<Suggestion> suggestions() {
  return {
      {"email:anna.petersen@de.example.org",
       "Anna Petersen in Flensburg: account, loyalty card, telephone and social page, joined by her address. A late "
       "bicycle, and a tent that is late now.",
       "Anna Petersen aus Flensburg: Konto, Kundenkarte, Telefon und Social-Media-Profil, verbunden über ihre Adresse. "
       "Ein verspätetes Rad, und ein Zelt, das gerade auf sich warten lässt."},
      {"email:jonas.huber@at.example.org",
       "Jonas Huber in Vienna: only his browser says that it is his. The link is shown as a claim and joins nothing.",
       "Jonas Huber aus Wien: Nur sein Browser behauptet, dass er es ist. Die Verbindung steht als Behauptung da und "
       "führt nichts zusammen."},
      {"email:grace.miller@us.example.com",
       "Grace Miller in Portland: her data lies in the region us, and her browser objects to advertising.",
       "Grace Miller aus Portland: Ihre Daten liegen in der Region us, und ihr Browser widerspricht der Werbung."},
      {"email:familie.brandt@de.example.org",
       "The Brandts in Kiel: three accounts, one address. Look how they were joined, and take them apart: "
       "docs/customers.md, Links.",
       "Die Brandts aus Kiel: drei Konten, eine Adresse. Sehen Sie, wie sie zusammenkamen, und trennen "
       "Sie sie: docs/customers.md, Links."},
      {"email:claire.fontaine@fr.example.net",
       "Claire Fontaine in Strasbourg said no to everything: her order is there, what she looked at is not.",
       "Claire Fontaine aus Straßburg hat alles abgelehnt: Ihre Bestellung ist da, was sie angesehen hat, nicht."},
  };
}

}  // namespace handschlag::demo
