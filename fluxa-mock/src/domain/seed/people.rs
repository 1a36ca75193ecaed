//! Owns the names of made-up customers. Their addresses are of `.example`, their numbers of the range
//! that Ofcom keeps for drama: nobody has them.

use serde_json::{Value, json};

const FIRST_NAMES: &[&str] = &[
    "Amelia", "Oliver", "Isla", "George", "Ava", "Arthur", "Mia", "Noah", "Ivy", "Muhammad",
    "Lily", "Leo", "Freya", "Oscar", "Florence", "Harry", "Willow", "Archie", "Priya", "Jack",
    "Rosie", "Theodore", "Sophia", "Charlie", "Niamh", "Rhys", "Eilidh", "Callum", "Zainab",
    "Kwame", "Aisha", "Tomasz", "Mei", "Dafydd", "Grace", "Ibrahim", "Eleanor", "Rory", "Chloe",
    "Samuel",
];

const SURNAMES: &[&str] = &[
    "Smith",
    "Jones",
    "Taylor",
    "Brown",
    "Williams",
    "Wilson",
    "Johnson",
    "Davies",
    "Patel",
    "Robinson",
    "Wright",
    "Thompson",
    "Evans",
    "Walker",
    "White",
    "Roberts",
    "Green",
    "Hall",
    "Wood",
    "Khan",
    "Jackson",
    "Clarke",
    "Hughes",
    "Campbell",
    "Ahmed",
    "MacDonald",
    "Okafor",
    "Begum",
    "Murphy",
    "Kowalski",
    "Singh",
    "Fraser",
    "Llewellyn",
    "Chen",
    "Mensah",
    "Ellis",
    "Marshall",
    "Baker",
    "Stewart",
    "Morgan",
];

const HOSTS: &[&str] = &[
    "mail.example",
    "post.example",
    "inbox.example",
    "letters.example",
];

/// The parameters of the customer with this number.
pub(super) fn customer(random: &mut fastrand::Rng, number: usize) -> Value {
    let first = FIRST_NAMES[random.usize(..FIRST_NAMES.len())];
    let surname = SURNAMES[random.usize(..SURNAMES.len())];
    let host = HOSTS[random.usize(..HOSTS.len())];
    let email = format!("{first}.{surname}{number}@{host}").to_ascii_lowercase();
    let mut customer = json!({ "email": email, "name": format!("{first} {surname}") });
    if random.u8(..3) > 0 {
        customer["phone"] = format!("+44 7700 900{:03}", random.u16(..1000)).into();
    }
    customer
}
