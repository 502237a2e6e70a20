// Countries, and the given and family names that are common in each.
#include <array>

#include "features/demo/catalogue.h"

namespace handschlag::demo {
namespace {

template <std::size_t N>
using Names = std::array<std::string_view, N>;

constexpr Names<24> kGermanWomen = {"Anna",   "Lena",   "Julia", "Katharina", "Sabine", "Petra", "Claudia", "Nina",
                                    "Hannah", "Emma",   "Lea",   "Sophie",    "Laura",  "Clara", "Johanna", "Monika",
                                    "Ursula", "Birgit", "Heike", "Franziska", "Svenja", "Greta", "Frieda",  "Aylin"};
constexpr Names<24> kGermanMen = {"Jonas",  "Lukas",    "Felix",   "Paul",   "Max",    "Leon",   "Finn",   "Jan",
                                  "Thomas", "Michael",  "Andreas", "Stefan", "Jürgen", "Klaus",  "Uwe",    "Torsten",
                                  "Sven",   "Matthias", "Jörg",    "Moritz", "Emil",   "Henrik", "Mehmet", "Björn"};
constexpr Names<40> kGermanFamilies = {
    "Müller",   "Schmidt",  "Schneider", "Fischer",    "Weber",   "Meyer",     "Wagner",  "Becker",
    "Schulz",   "Hoffmann", "Schäfer",   "Koch",       "Bauer",   "Richter",   "Klein",   "Wolf",
    "Schröder", "Neumann",  "Schwarz",   "Zimmermann", "Braun",   "Krüger",    "Hofmann", "Hartmann",
    "Lange",    "Schmitt",  "Werner",    "Krause",     "Lehmann", "Köhler",    "Maier",   "König",
    "Jansen",   "Hansen",   "Petersen",  "Yılmaz",     "Vogel",   "Friedrich", "Günther", "Keller"};
constexpr Names<12> kGermanCities = {"Flensburg", "Hamburg", "Kiel",    "Berlin",   "Bremen",   "Köln",
                                     "Leipzig",   "Dresden", "München", "Nürnberg", "Freiburg", "Münster"};

constexpr Names<14> kAustrianWomen = {"Anna", "Marie",   "Lena",    "Sophie",    "Magdalena", "Elisabeth", "Theresa",
                                      "Eva",  "Martina", "Barbara", "Valentina", "Katharina", "Gertrude",  "Johanna"};
constexpr Names<14> kAustrianMen = {"Lukas",  "David", "Jakob",  "Maximilian", "Florian",  "Tobias", "Stefan",
                                    "Markus", "Franz", "Johann", "Wolfgang",   "Matthias", "Josef",  "Simon"};
constexpr Names<20> kAustrianFamilies = {"Gruber",  "Huber",  "Bauer",   "Wagner",  "Müller",  "Pichler", "Steiner",
                                         "Moser",   "Mayer",  "Hofer",   "Leitner", "Berger",  "Fuchs",   "Eder",
                                         "Fischer", "Schmid", "Winkler", "Weber",   "Schwarz", "Reiter"};
constexpr Names<5> kAustrianCities = {"Wien", "Graz", "Linz", "Salzburg", "Innsbruck"};

constexpr Names<14> kSwissWomen = {"Mia",    "Laura",  "Lara",    "Nina",   "Sandra",  "Nicole", "Ursula",
                                   "Verena", "Céline", "Chantal", "Giulia", "Seraina", "Regula", "Livia"};
constexpr Names<14> kSwissMen = {"Noah",  "Luca",  "Nico",   "Reto", "Urs",    "Beat",   "Daniel",
                                 "Peter", "Marco", "Pascal", "Yves", "Andrin", "Silvan", "Fabian"};
constexpr Names<20> kSwissFamilies = {"Meier",      "Müller",  "Schmid",  "Keller", "Weber",   "Huber",   "Schneider",
                                      "Meyer",      "Steiner", "Fischer", "Gerber", "Brunner", "Baumann", "Frei",
                                      "Zimmermann", "Moser",   "Widmer",  "Wyss",   "Graf",    "Favre"};
constexpr Names<6> kSwissCities = {"Zürich", "Bern", "Basel", "Luzern", "St. Gallen", "Lausanne"};

constexpr Names<16> kFrenchWomen = {"Marie",  "Camille", "Chloé",   "Léa",    "Manon", "Julie",  "Nathalie", "Isabelle",
                                    "Sylvie", "Élodie",  "Aurélie", "Claire", "Inès",  "Louise", "Jeanne",   "Hélène"};
constexpr Names<16> kFrenchMen = {"Pierre", "Julien",   "Nicolas", "Thomas",  "Antoine", "Hugo", "Louis",    "Gabriel",
                                  "Michel", "Philippe", "Laurent", "Olivier", "Mathieu", "Théo", "François", "Jérôme"};
constexpr Names<22> kFrenchFamilies = {"Martin",   "Bernard",  "Dubois", "Thomas", "Robert",   "Richard",
                                       "Petit",    "Durand",   "Leroy",  "Moreau", "Simon",    "Laurent",
                                       "Lefebvre", "Michel",   "Garcia", "David",  "Bertrand", "Roux",
                                       "Vincent",  "Fournier", "Morel",  "Girard"};
constexpr Names<6> kFrenchCities = {"Strasbourg", "Lyon", "Nantes", "Paris", "Grenoble", "Lille"};

constexpr Names<16> kBritishWomen = {"Olivia",   "Emily", "Sophie", "Charlotte", "Jessica", "Sarah", "Emma",  "Helen",
                                     "Margaret", "Susan", "Priya",  "Grace",     "Lucy",    "Megan", "Fiona", "Aisha"};
constexpr Names<16> kBritishMen = {"Oliver", "Jack",   "Harry",    "George", "James",    "William", "David", "Andrew",
                                   "Ian",    "Callum", "Mohammed", "Daniel", "Alistair", "Simon",   "Owen",  "Rhys"};
constexpr Names<24> kBritishFamilies = {"Smith",   "Jones",    "Taylor",  "Brown",     "Williams", "Wilson",
                                        "Johnson", "Davies",   "Patel",   "Wright",    "Walker",   "White",
                                        "Edwards", "Hughes",   "Green",   "Hall",      "Thomas",   "Roberts",
                                        "Evans",   "Campbell", "Stewart", "MacDonald", "Khan",     "Clarke"};
constexpr Names<6> kBritishCities = {"London", "Bristol", "Leeds", "Edinburgh", "Cambridge", "Cardiff"};

constexpr Names<16> kAmericanWomen = {"Mary",  "Jennifer", "Linda", "Ashley", "Emily", "Madison", "Hannah", "Olivia",
                                      "Maria", "Karen",    "Nancy", "Keisha", "Sofia", "Abigail", "Megan",  "Grace"};
constexpr Names<16> kAmericanMen = {"James", "Robert", "John",  "Michael", "Christopher", "Joshua", "Ethan", "Tyler",
                                    "Jose",  "Carlos", "Brian", "Kevin",   "Jamal",       "Mason",  "Logan", "Wei"};
constexpr Names<24> kAmericanFamilies = {"Smith",  "Johnson",  "Williams",  "Brown",    "Jones",     "Garcia",
                                         "Miller", "Davis",    "Rodriguez", "Martinez", "Hernandez", "Lopez",
                                         "Wilson", "Anderson", "Thomas",    "Taylor",   "Moore",     "Jackson",
                                         "Lee",    "Nguyen",   "Clark",     "Lewis",    "Young",     "Baker"};
constexpr Names<6> kAmericanCities = {"Portland", "Seattle", "Denver", "Chicago", "Boston", "Austin"};

constexpr Names<14> kDutchWomen = {"Emma",    "Sanne", "Lotte", "Anouk", "Femke", "Maria",  "Johanna",
                                   "Marieke", "Iris",  "Eva",   "Noor",  "Fleur", "Ingrid", "Saskia"};
constexpr Names<14> kDutchMen = {"Daan",  "Sem",   "Lars",  "Jan",  "Pieter", "Willem", "Bram",
                                 "Thijs", "Joost", "Ruben", "Henk", "Koen",   "Jeroen", "Maarten"};
constexpr Names<20> kDutchFamilies = {"de Jong", "Jansen", "de Vries", "van den Berg", "Bakker", "van Dijk", "Visser",
                                      "Janssen", "Smit",   "Meijer",   "de Boer",      "Mulder", "de Groot", "Bos",
                                      "Vos",     "Peters", "Hendriks", "van Leeuwen",  "Dekker", "Brouwer"};
constexpr Names<5> kDutchCities = {"Utrecht", "Amsterdam", "Groningen", "Rotterdam", "Eindhoven"};

constexpr Names<14> kPolishWomen = {"Anna",    "Maria", "Katarzyna", "Małgorzata", "Agnieszka",  "Zofia", "Julia",
                                    "Zuzanna", "Ewa",   "Magdalena", "Joanna",     "Aleksandra", "Hanna", "Łucja"};
constexpr Names<14> kPolishMen = {"Piotr", "Krzysztof", "Andrzej", "Tomasz", "Jan",      "Paweł",     "Michał",
                                  "Jakub", "Antoni",    "Marcin",  "Łukasz", "Wojciech", "Stanisław", "Grzegorz"};
constexpr Names<18> kPolishFamilies = {"Nowak",     "Wójcik",   "Kowalczyk", "Woźniak",   "Mazur",   "Krawczyk",
                                       "Kaczmarek", "Zając",    "Król",      "Wieczorek", "Wróbel",  "Stępień",
                                       "Dudek",     "Adamczyk", "Pawlak",    "Sikora",    "Walczak", "Baran"};
constexpr Names<5> kPolishCities = {"Warszawa", "Kraków", "Gdańsk", "Wrocław", "Poznań"};

using std::chrono::hours;
constexpr std::array kCountries = {
    Country{"DE", 40, "de", "de-DE", "Europe/Berlin", hours(1), "EUR", 100, "Flensburg", kGermanWomen, kGermanMen,
            kGermanFamilies, kGermanCities},
    Country{"AT", 9, "de", "de-AT", "Europe/Vienna", hours(1), "EUR", 101, "Wien", kAustrianWomen, kAustrianMen,
            kAustrianFamilies, kAustrianCities},
    Country{"CH", 8, "de", "de-CH", "Europe/Zurich", hours(1), "CHF", 108, "Zürich", kSwissWomen, kSwissMen,
            kSwissFamilies, kSwissCities},
    Country{"FR", 9, "en", "fr-FR", "Europe/Paris", hours(1), "EUR", 102, "", kFrenchWomen, kFrenchMen, kFrenchFamilies,
            kFrenchCities},
    Country{"GB", 11, "en", "en-GB", "Europe/London", hours(0), "GBP", 89, "Bristol", kBritishWomen, kBritishMen,
            kBritishFamilies, kBritishCities},
    Country{"US", 10, "en", "en-US", "America/Chicago", hours(-6), "USD", 115, "Portland", kAmericanWomen, kAmericanMen,
            kAmericanFamilies, kAmericanCities},
    Country{"NL", 8, "en", "nl-NL", "Europe/Amsterdam", hours(1), "EUR", 101, "Utrecht", kDutchWomen, kDutchMen,
            kDutchFamilies, kDutchCities},
    Country{"PL", 5, "en", "pl-PL", "Europe/Warsaw", hours(1), "PLN", 430, "", kPolishWomen, kPolishMen,
            kPolishFamilies, kPolishCities},
};

constexpr int sum_of_shares() {
  int sum = 0;
  for (const Country& country : kCountries) sum += country.people_percent;
  return sum;
}
static_assert(sum_of_shares() == 100);

}  // namespace

std::span<const Country> countries() {
  return kCountries;
}

}  // namespace handschlag::demo
