#include "adapters/vault/aead.h"

#include <set>

#include "tests/adapters/vault/vault_fixture.h"

namespace troupe::vault {
namespace {

// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
constexpr std::string_view kPlain =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    "sunscreen would be it.";
const std::string kAssociated = unhex("50515253c0c1c2c3c4c5c6c7");
const std::string kCiphertext = unhex(
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
    "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
    "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
    "21f9664c97637da9768812f615c68b13b52e"
    "c0875924c1c7987947deafd8780acf49");

TEST(Aead, IsXChaCha20Poly1305) {
  const SecretText key(counting(0x80, kKeyBytes));
  const std::string nonce = counting(0x40, kNonceBytes);
  EXPECT_EQ(encrypt(key, nonce, kAssociated, kPlain), kCiphertext);
  const auto plain = decrypt(key, nonce, kAssociated, kCiphertext);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->reveal(), kPlain);
  EXPECT_FALSE(decrypt(key, nonce, "", kCiphertext));
  EXPECT_FALSE(decrypt(key, counting(0x41, kNonceBytes), kAssociated, kCiphertext));
  EXPECT_FALSE(decrypt(SecretText(counting(0x81, kKeyBytes)), nonce, kAssociated, kCiphertext));
  EXPECT_FALSE(decrypt(key, nonce, kAssociated, kCiphertext.substr(0, kTagBytes - 1)));
}

TEST(Aead, KeysAndNoncesAreNewEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    seen.insert(random_nonce());
    seen.insert(std::string(random_key().reveal()));
  }
  EXPECT_EQ(seen.size(), 200u);
}

}  // namespace
}  // namespace troupe::vault
