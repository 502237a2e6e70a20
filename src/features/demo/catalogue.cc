#include "features/demo/catalogue.h"

#include <array>
#include <cstdlib>

namespace handschlag::demo {
namespace {

constexpr std::array kProducts = {
    Product{"R-101", "Alltagsrad Brise", "bicycles", 74'900},
    Product{"R-102", "Alltagsrad Brise Tiefeinstieg", "bicycles", 79'900},
    Product{"R-110", "Reiserad Zugvogel", "bicycles", 164'900},
    Product{"R-111", "Reiserad Zugvogel Titan", "bicycles", 329'900},
    Product{"R-120", "Rennrad Mauersegler", "bicycles", 189'900},
    Product{"R-130", "Klapprad Zaunkönig", "bicycles", 89'900},
    Product{"R-140", "Lastenrad Kormoran", "bicycles", 289'900},
    Product{"E-201", "E-Rad Albatros", "e-bikes", 259'900},
    Product{"E-202", "E-Lastenrad Pelikan", "e-bikes", 489'900},
    Product{"E-203", "E-Rad Brise Plus", "e-bikes", 219'900},
    Product{"K-301", "Laufrad Küken", "children", 12'900},
    Product{"K-302", "Kinderrad Spatz 16", "children", 27'900},
    Product{"K-303", "Kinderrad Spatz 20", "children", 32'900},
    Product{"K-304", "Jugendrad Elster 24", "children", 44'900},
    Product{"K-305", "Anhänger Nest", "children", 49'900},
    Product{"T-401", "Packtasche Seesack 20 l", "bags", 7'490},
    Product{"T-402", "Lenkertasche Muschel", "bags", 5'490},
    Product{"T-403", "Rucksack Findling 28 l", "bags", 10'900},
    Product{"T-404", "Satteltasche Kiesel", "bags", 2'490},
    Product{"Z-501", "Zelt Farnhaus 1", "tents", 24'900},
    Product{"Z-502", "Zelt Farnhaus 2", "tents", 32'900},
    Product{"Z-503", "Tarp Blätterdach", "tents", 11'900},
    Product{"Z-504", "Schlafsack Moosbett", "tents", 17'900},
    Product{"Z-505", "Isomatte Torf", "tents", 6'990},
    Product{"Z-506", "Kocher Glühwurm", "tents", 8'490},
    Product{"J-601", "Regenjacke Wolkenbruch", "clothing", 13'900},
    Product{"J-602", "Regenhose Pfütze", "clothing", 8'900},
    Product{"J-603", "Windweste Böe", "clothing", 6'490},
    Product{"J-604", "Wollmütze Flechte", "clothing", 2'990},
    Product{"J-605", "Handschuhe Fäustling", "clothing", 3'990},
    Product{"P-701", "Helm Haselnuss", "parts", 8'990},
    Product{"P-702", "Licht Irrlicht", "parts", 5'990},
    Product{"P-703", "Schloss Dachs", "parts", 6'990},
    Product{"P-704", "Klingel Kuckuck", "parts", 1'290},
    Product{"P-705", "Flickzeug Igel", "parts", 790},
    Product{"P-706", "Kette Tausendfüßler", "parts", 2'990},
    Product{"P-707", "Sattel Kissenmoos", "parts", 7'990},
    Product{"P-708", "Trinkflasche Quelle", "parts", 1'490},
    Product{"W-801", "Inspektion", "workshop", 6'900},
    Product{"W-802", "Bremsen einstellen", "workshop", 2'900},
    Product{"W-803", "Schlauch wechseln", "workshop", 1'500},
};
constexpr std::size_t kServices = 3;

constexpr std::array kPages = {
    Page{"Home", "/"},
    Page{"Bicycles", "/bicycles"},
    Page{"Outdoors", "/outdoors"},
    Page{"Sale", "/sale"},
    Page{"Size guide", "/help/sizes"},
    Page{"Delivery and returns", "/help/delivery"},
    Page{"Branches", "/branches"},
    Page{"Stories from the road", "/stories"},
};

constexpr std::array<std::string_view, 5> kScreens = {"Start", "My bicycle", "Rides", "Service", "Nearby"};

// In the order of About.
constexpr std::array kConcerns = {
    Concern{"delivery_late", "Fragt, wo die Lieferung bleibt; die Sendung steht seit Tagen still.",
            "Asks where the delivery is; the parcel has not moved for days.",
            "Moin, wo bleibt mein Paket? Seit drei Tagen heißt es nur „unterwegs“.",
            "Hi, where is my parcel? It has been saying “on its way” for three days.",
            "Das tut uns leid. Wir haben beim Paketdienst nachgefragt und melden uns heute noch.",
            "We are sorry. We have asked the carrier and will tell you more today."},
    Concern{"part_missing", "Im Karton fehlten die Pedale; Ersatz geht heute raus.",
            "The pedals were missing from the box; a replacement leaves today.",
            "Im Karton waren keine Pedale. So komme ich nicht weit.",
            "There were no pedals in the box. I won't get far like this.",
            "Das darf nicht passieren. Die Pedale gehen heute an Sie raus.",
            "That must not happen. The pedals leave for you today."},
    Concern{"return_label", "Möchte zurückgeben, Rücksendeschein kam nicht an; neu verschickt.",
            "Wants to return; the label never came; sent again.",
            "Wie bekomme ich einen Rücksendeschein? Die Größe passt leider nicht.",
            "How do I get a return label? The size does not fit, I'm afraid.",
            "Der Schein ist unterwegs an die Adresse, mit der Sie bestellt haben.",
            "The label is on its way to the address you ordered with."},
    Concern{"damaged", "Gabel verkratzt angekommen, Fotos folgen; Nachlass oder Tausch angeboten.",
            "Fork arrived scratched, photos follow; offered a discount or an exchange.",
            "Die Gabel ist verkratzt. Bei dem Preis ärgert mich das schon.",
            "The fork is scratched. At that price it does annoy me.",
            "Verständlich. Möchten Sie lieber einen Nachlass oder einen Tausch?",
            "Understandable. Would you rather have a discount or an exchange?"},
    Concern{"invoice", "Braucht die Rechnung für den Arbeitgeber (Leasing).",
            "Needs the invoice for the employer (leasing).", "Könnt ihr mir die Rechnung noch einmal schicken?",
            "Could you send me the invoice once more?", "Gern, sie liegt in Ihrem Konto, und eine Kopie ist unterwegs.",
            "Of course: it is in your account, and a copy is on its way."},
    Concern{"repair", "Termin für eine Inspektion vereinbart.", "Made an appointment for an inspection.",
            "Die Schaltung springt. Wann habt ihr in der Werkstatt Zeit?",
            "The gears are jumping. When does your workshop have time?",
            "Am Donnerstag ist noch etwas frei. Passt das?", "There is a slot on Thursday. Would that do?"},
    Concern{"advice", "Beraten zur Rahmengröße.", "Gave advice on the frame size.",
            "Ich bin 1,78 m. Welche Rahmengröße brauche ich beim Zugvogel?",
            "I'm 1.78 m. Which frame size of the Zugvogel do I need?",
            "Mit 1,78 m passt meist Rahmen M; in der Filiale können Sie beide fahren.",
            "At 1.78 m frame M usually fits; you can ride both at the branch."},
    Concern{"praise", "Bedankt sich für die schnelle Hilfe.", "Says thank you for the quick help.",
            "Tausend Kilometer mit dem Zugvogel und kein Platten. Danke!",
            "A thousand kilometres on the Zugvogel and no flat. Thank you!",
            "Das freut uns sehr. Gute Fahrt weiterhin!", "That makes our day. Ride on!"},
};

}  // namespace

std::span<const Product> products() {
  return kProducts;
}
std::size_t first_service() {
  return kProducts.size() - kServices;
}

std::uint8_t product_number(std::string_view id) {
  for (std::size_t i = 0; i < kProducts.size(); ++i) {
    if (kProducts[i].id == id) return static_cast<std::uint8_t>(i);
  }
  std::abort();  // only ever asked for ids of the list
}

std::span<const Page> pages() {
  return kPages;
}
std::span<const std::string_view> screens() {
  return kScreens;
}
std::span<const Concern> concerns() {
  return kConcerns;
}

const Country& country_of(std::string_view code) {
  for (const Country& country : countries()) {
    if (country.code == code) return country;
  }
  std::abort();  // only ever asked with codes of the list
}

std::int64_t price_in(const Country& country, const Product& product) {
  std::int64_t hundredths = product.euro_cents * country.price_percent / 100;
  return (hundredths + 5) / 10 * 10;  // to the next ten: no shop has a price of 61.23
}

}  // namespace handschlag::demo
