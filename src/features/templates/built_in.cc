#include <algorithm>
#include <vector>

#include "features/templates/templates.h"

namespace handschlag::templates {
namespace {

Template confirm_consent() {
  return {.id = "confirm_consent",
          .version = 1,
          .purpose = gate::Purpose::LegalCompliance,
          .parameters = {"what", "link", "code"},
          .texts = {{"de",
                     {.subject = "Bitte bestätigen Sie Ihre Einwilligung",
                      .text = "Guten Tag,\n\nmit dieser Adresse wurde Folgendem zugestimmt:\n\n{{what}}\n\n"
                              "Wenn Sie das waren, bestätigen Sie es bitte hier:\n{{link}}\n\n"
                              "Oder geben Sie dort, wo Sie zugestimmt haben, diesen Code ein: {{code}}\n\n"
                              "Wenn Sie das nicht waren, tun Sie nichts. Dann gilt nichts als zugestimmt, und Sie "
                              "bekommen dazu keine weitere Nachricht.\n",
                      .html = "<p>Guten Tag,</p><p>mit dieser Adresse wurde Folgendem zugestimmt:</p>"
                              "<blockquote>{{what}}</blockquote>"
                              "<p><a href=\"{{link}}\">Wenn Sie das waren, bestätigen Sie es bitte hier</a></p>"
                              "<p>Oder geben Sie dort, wo Sie zugestimmt haben, diesen Code ein: "
                              "<strong>{{code}}</strong></p>"
                              "<p>Wenn Sie das nicht waren, tun Sie nichts. Dann gilt nichts als zugestimmt, und Sie "
                              "bekommen dazu keine weitere Nachricht.</p>"}},
                    {"en",
                     {.subject = "Please confirm what you agreed to",
                      .text = "Hello,\n\nsomebody agreed to the following with this address:\n\n{{what}}\n\n"
                              "If that was you, please confirm it here:\n{{link}}\n\n"
                              "Or enter this code where you agreed: {{code}}\n\n"
                              "If it was not you, do nothing. Then nothing counts as agreed, and you get no further "
                              "message about it.\n",
                      .html = "<p>Hello,</p><p>somebody agreed to the following with this address:</p>"
                              "<blockquote>{{what}}</blockquote>"
                              "<p><a href=\"{{link}}\">If that was you, please confirm it here</a></p>"
                              "<p>Or enter this code where you agreed: <strong>{{code}}</strong></p>"
                              "<p>If it was not you, do nothing. Then nothing counts as agreed, and you get no further "
                              "message about it.</p>"}}},
          .built_in = true};
}

Template access_code() {
  return {
      .id = "access_code",
      .version = 1,
      .purpose = gate::Purpose::RightsFulfilment,
      .parameters = {"code", "link"},
      .texts = {{"de",
                 {.subject = "Ihr Zugangscode",
                  .text = "Guten Tag,\n\nmit diesem Code kommen Sie zu Ihren Daten und Einwilligungen:\n\n{{code}}\n\n"
                          "Geben Sie ihn nur auf der Seite ein, auf der Sie ihn angefordert haben:\n{{link}}\n\n"
                          "Er gilt eine Viertelstunde und nur einmal. Niemand von uns fragt Sie danach.\n\n"
                          "Wenn Sie keinen Code angefordert haben, tun Sie nichts.\n"}},
                {"en",
                 {.subject = "Your access code",
                  .text = "Hello,\n\nthis code leads to your data and consents:\n\n{{code}}\n\n"
                          "Enter it only on the page where you asked for it:\n{{link}}\n\n"
                          "It is good for a quarter of an hour, and once. None of us will ask you for it.\n\n"
                          "If you did not ask for a code, do nothing.\n"}}},
      .built_in = true};
}

Template link_code() {
  return {
      .id = "link_code",
      .version = 1,
      .purpose = gate::Purpose::RightsFulfilment,
      .parameters = {"code"},
      .texts = {{"de",
                 {.subject = "Ihr Code zum Zusammenführen",
                  .text = "Guten Tag,\n\nmit diesem Code zeigen Sie, dass das Konto zu dieser Adresse Ihres ist, und "
                          "führen es mit einem anderen zusammen:\n\n{{code}}\n\n"
                          "Geben Sie ihn nur auf der Seite ein, auf der Sie ihn selbst angefordert haben, und nennen "
                          "Sie ihn niemandem. Er gilt eine Viertelstunde und nur einmal.\n\n"
                          "Wenn Sie keinen Code angefordert haben, tun Sie nichts. Dann wird nichts "
                          "zusammengeführt.\n"}},
                {"en",
                 {.subject = "Your code for bringing accounts together",
                  .text = "Hello,\n\nwith this code you show that the account of this address is yours, and bring it "
                          "together with another one:\n\n{{code}}\n\n"
                          "Enter it only on the page where you asked for it yourself, and tell it nobody. It is good "
                          "for a quarter of an hour, and once.\n\n"
                          "If you did not ask for a code, do nothing. Then nothing is brought together.\n"}}},
      .built_in = true};
}

class BuiltInShelf final : public Shelf {
 public:
  Result<Template> find(std::string_view id, std::int64_t version) override {
    const Template* one = find_built_in(id);
    if (one != nullptr && (version == 0 || version == one->version)) return *one;
    return fail(ErrorKind::not_found, "template_unknown", "There is no such template, or not in that version.");
  }
};

}  // namespace

Shelf& built_in_shelf() {
  static BuiltInShelf shelf;
  return shelf;
}

std::span<const Template> built_in() {
  static const std::vector<Template> kTemplates = {access_code(), confirm_consent(), link_code()};
  return kTemplates;
}

const Template* find_built_in(std::string_view id) {
  const auto all = built_in();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Template& one) { return one.id == id; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace handschlag::templates
