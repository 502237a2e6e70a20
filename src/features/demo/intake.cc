#include "features/demo/intake.h"

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "features/demo/company.h"
#include "features/identity/identity.h"
#include "platform/json/json.h"

namespace handschlag::demo {
namespace {

using events::EventType;
using identity::KeyKind;
using json::Value;

constexpr std::int64_t kShipping = 490;            // hundredths
constexpr std::int64_t kFreeShippingFrom = 5'000;  // hundredths

// An event in the making.
struct Intake : events::Intake {
  Value property_values = Value::object();
  Value trait_values = Value::object();
  Value context_values = Value::object();
};

// What one happening is made of.
struct Scene {
  const Story& story;
  const Happening& happening;
  const Person& person;
  const sources::Source& source;

  bool has_order() const { return happening.order != kNoOrder; }
  const Order& order() const { return story.orders[happening.order]; }
  bool in_german() const { return person.country->language == "de"; }
};

double amount(std::int64_t hundredths) {
  return static_cast<double>(hundredths) / 100.0;
}

std::string text(std::string_view view) {
  return std::string(view);
}

void track(Intake& event, std::string_view name, Value properties) {
  event.type = EventType::track;
  event.name = name;
  event.property_values = std::move(properties);
}

// Tells what the person said to the source's questions, as the wire would.
void say(const Scene& scene, std::initializer_list<std::pair<std::string_view, Answer>> answers, Intake& event) {
  Value preferences = Value::object();
  for (const auto& [category, answer] : answers) {
    if (answer == Answer::none) continue;
    bool granted = answer == Answer::granted;
    preferences[text(category)] = granted;
    auto purposes = scene.source.consent_categories.find(text(category));
    if (purposes == scene.source.consent_categories.end()) continue;
    (granted ? event.consented : event.refused) = (granted ? event.consented : event.refused) | purposes->second;
  }
  if (!preferences.empty()) event.context_values["consent"] = {{"categoryPreferences", std::move(preferences)}};
}

Value product_of(const Scene& scene, const Product& product, int quantity) {
  return {{"product_id", product.id},
          {"name", product.name},
          {"category", product.category},
          {"price", amount(price_in(*scene.person.country, product))},
          {"quantity", quantity}};
}

std::int64_t goods_of(const Scene& scene) {
  std::int64_t sum = 0;
  for (const Order::Line& line : scene.order().lines) {
    sum += price_in(*scene.person.country, products()[line.product]) * line.quantity;
  }
  return sum;
}

// The goods and what was paid; what is sent costs postage, unless it is much.
Value bill_of(const Scene& scene, bool sent) {
  std::int64_t goods = goods_of(scene);
  std::int64_t shipping = sent && goods < kFreeShippingFrom ? kShipping : 0;
  Value bill = {{"order_id", scene.order().id},
                {"total", amount(goods + shipping)},
                {"revenue", amount(goods)},
                {"currency", scene.person.country->currency}};
  for (const Order::Line& line : scene.order().lines) {
    bill["products"].push_back(product_of(scene, products()[line.product], line.quantity));
  }
  return bill;
}

Value money_back(const Scene& scene) {
  return {
      {"order_id", scene.order().id}, {"total", amount(goods_of(scene))}, {"currency", scene.person.country->currency}};
}

Value name_traits(const Person& person) {
  Value traits = {{"firstName", person.first}, {"lastName", person.last}};
  traits["name"] = fmt::format("{} {}", person.first, person.last);
  return traits;
}

void add_key(KeyKind kind, const std::string& value, Intake& event) {
  if (!value.empty()) event.keys.emplace_back(kind, value);
}

void identify(const Scene& scene, Intake& event) {
  event.type = EventType::identify;
  event.trait_values = name_traits(scene.person);
  if (!scene.person.email.empty()) event.trait_values["email"] = scene.person.email;
  add_key(KeyKind::email, scene.person.email, event);
}

void set_page(std::string_view title, std::string_view path, Value& object) {
  object["path"] = path;
  object["title"] = title;
  object["url"] = fmt::format("{}{}", kShopAddress, path);
}

void view_product(const Scene& scene, std::string_view name, Intake& event) {
  const Product& product = products()[scene.happening.detail];
  Value properties = product_of(scene, product, 1);
  properties["currency"] = scene.person.country->currency;
  track(event, name, std::move(properties));
  set_page(product.name, fmt::format("/{}/{}", product.category, product.id), event.context_values["page"]);
}

void at_shop(const Scene& scene, Intake& event) {
  const Person& person = scene.person;
  event.anonymous_id = person.browsers[scene.happening.browser];
  if (scene.happening.signed_in) event.user_id = person.user_id;
  event.global_privacy_control = person.privacy_signal;
  event.context_values = {{"locale", person.country->locale},
                          {"timezone", person.country->time_zone},
                          {"library", {{"name", "analytics.js"}, {"version", "next-1.70.0"}}}};
  say(scene, {{kAnalytics, person.analytics}, {kMarketing, person.marketing}}, event);
  switch (scene.happening.what) {
    case What::page_viewed: {
      const Page& page = pages()[scene.happening.detail];
      event.type = EventType::page;
      event.name = page.name;
      set_page(page.name, page.path, event.property_values);
      return;
    }
    case What::product_viewed:
      return view_product(scene, "Product Viewed", event);
    case What::product_added:
      return view_product(scene, "Product Added", event);
    case What::checkout_started:
      return track(event, "Checkout Started", {{"currency", person.country->currency}});
    default:
      return identify(scene, event);
  }
}

// A customer with an account is known by it; a guest by the address that the order was given.
void set_shop_customer(const Scene& scene, Intake& event) {
  if (scene.happening.signed_in) {
    event.user_id = scene.person.user_id;
  } else {
    add_key(KeyKind::email, scene.person.email, event);
  }
}

void open_account(const Scene& scene, Intake& event) {
  const Person& person = scene.person;
  identify(scene, event);
  event.trait_values["address"] = {{"city", person.city}, {"country", person.country->code}};
  if (!person.phone.empty()) event.trait_values["phone"] = person.phone;
  add_key(KeyKind::phone, person.phone, event);
}

void at_backend(const Scene& scene, Intake& event) {
  const Person& person = scene.person;
  set_shop_customer(scene, event);
  bool browser_known = scene.happening.browser != kNoBrowser && person.browser_told_by_backend;
  if (browser_known && scene.happening.signed_in && person.analytics == Answer::granted) {
    event.anonymous_id = person.browsers[scene.happening.browser];
  }
  say(scene,
      {{kAnalytics, person.analytics}, {kMarketing, person.marketing}, {kPersonalisation, person.personalisation}},
      event);
  switch (scene.happening.what) {
    case What::order_completed:
      return track(event, "Order Completed", bill_of(scene, true));
    case What::order_cancelled:
      return track(event, "Order Cancelled", money_back(scene));
    case What::order_refunded:
      return track(event, "Order Refunded", money_back(scene));
    case What::return_requested:
      return track(event, "Return Requested", {{"order_id", scene.order().id}});
    default:
      return open_account(scene, event);
  }
}

void at_delivery(const Scene& scene, Intake& event) {
  set_shop_customer(scene, event);
  Value properties = {{"order_id", scene.order().id}, {"carrier", "Kranichpost"}};
  switch (scene.happening.what) {
    case What::order_shipped:
      return track(event, "Order Shipped", std::move(properties));
    case What::delivery_delayed:
      return track(event, "Delivery Delayed", std::move(properties));
    default:
      return track(event, "Order Delivered", std::move(properties));
  }
}

std::string in_capitals(std::string email) {
  for (char& c : email) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return email;
}

void at_till(const Scene& scene, Intake& event) {
  add_key(KeyKind::card_number, scene.person.card, event);
  if (scene.happening.what == What::card_registered) {
    event.type = EventType::identify;
    if (!scene.person.last.empty()) event.trait_values = name_traits(scene.person);
    // The tills know capitals only.
    add_key(KeyKind::email, in_capitals(scene.person.email), event);
    return;
  }
  Value properties = bill_of(scene, false);
  properties["branch"] = scene.person.country->branch;
  if (scene.happening.serial % 40 == 0) properties["receipt_printer"] = "paper low";  // not in the till's plan
  track(event, "Order Completed", std::move(properties));
}

void in_app(const Scene& scene, Intake& event) {
  const Person& person = scene.person;
  event.anonymous_id = person.installation;
  event.device_id = person.device;
  if (scene.happening.signed_in) event.user_id = person.user_id;
  event.context_values = {{"app", {{"name", "Möwe & Moos"}, {"version", "4.2.0"}}},
                          {"device", {{"id", person.device}, {"type", person.number % 3 == 0 ? "ios" : "android"}}},
                          {"locale", person.country->locale}};
  say(scene, {{kPersonalisation, person.personalisation}, {kLocation, person.location}}, event);
  switch (scene.happening.what) {
    case What::app_opened:
      return track(event, "Application Opened", {{"version", "4.2.0"}});
    case What::screen_viewed:
      event.type = EventType::screen;
      event.name = screens()[scene.happening.detail];
      return;
    case What::ride_recorded:
      return track(event, "Ride Recorded",
                   {{"distance_km", scene.happening.amount / 10.0}, {"minutes", scene.happening.amount / 3}});
    default:
      return identify(scene, event);
  }
}

void at_hotline(const Scene& scene, Intake& event) {
  const Concern& concern = concerns()[scene.happening.detail];
  bool by_phone = !scene.person.phone.empty();
  add_key(KeyKind::phone, dialled_at_home(scene.person), event);
  // Who asks about an order is asked for the address it was given.
  if (!by_phone || scene.has_order()) add_key(KeyKind::email, scene.person.email, event);
  Value properties = {{"topic", concern.topic},
                      {"summary", scene.in_german() ? concern.summary_german : concern.summary_english},
                      {"waiting_seconds", scene.happening.amount}};
  if (scene.has_order()) properties["order_id"] = scene.order().id;
  track(event, by_phone ? "Call Answered" : "Mail Answered", std::move(properties));
}

void on_social_page(const Scene& scene, Intake& event) {
  const Concern& concern = concerns()[scene.happening.detail];
  add_key(KeyKind::social_handle, scene.person.handle, event);
  if (scene.happening.what == What::reply_sent) {
    return track(
        event, "Reply Sent",
        {{"topic", concern.topic}, {"text", scene.in_german() ? concern.reply_german : concern.reply_english}});
  }
  Value properties = {{"topic", concern.topic},
                      {"text", scene.in_german() ? concern.message_german : concern.message_english}};
  if (scene.has_order()) {
    properties["order_id"] = scene.order().id;
    add_key(KeyKind::email, scene.person.email, event);
  }
  track(event, "Message Received", std::move(properties));
}

}  // namespace

events::Intake make_intake(const Story& story, const Happening& happening, const sources::Source& source,
                           Time received) {
  Scene scene{story, happening, story.people[happening.person], source};
  Intake event;
  event.message_id = fmt::format("demo-{:05}-{:05}", scene.person.number, happening.serial);
  event.country = scene.person.country->code;
  event.original = happening.at;
  event.occurred = happening.at;
  event.received = received;
  event.history = true;
  switch (place_of(happening.what)) {
    case Place::shop:
      at_shop(scene, event);
      break;
    case Place::backend:
      at_backend(scene, event);
      break;
    case Place::delivery:
      at_delivery(scene, event);
      break;
    case Place::till:
      at_till(scene, event);
      break;
    case Place::app:
      in_app(scene, event);
      break;
    case Place::hotline:
      at_hotline(scene, event);
      break;
    case Place::social:
      on_social_page(scene, event);
      break;
  }
  event.properties = event.property_values;
  event.traits = event.trait_values;
  if (!event.context_values.empty()) event.context = json::dump(event.context_values);
  return event;
}

}  // namespace handschlag::demo
