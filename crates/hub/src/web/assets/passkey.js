// Talks to the device that holds a passkey and puts what it says into the form, which then is sent
// like any other. The page's own sentences say what went wrong.
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const make = async (form) => {
  const { challenge, site, handle, account, known } = form.dataset;
  const credential = await navigator.credentials.create({
    publicKey: {
      challenge: bytes(challenge),
      rp: { id: site, name: "Larum" },
      user: { id: bytes(handle), name: account, displayName: account },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: known.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) })),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      attestation: "none",
      timeout: 240000,
    },
  });
  const { response } = credential;
  return {
    credential: text(credential.rawId),
    client_data: text(response.clientDataJSON),
    authenticator_data: text(response.getAuthenticatorData()),
    public_key: text(response.getPublicKey()),
    algorithm: response.getPublicKeyAlgorithm(),
  };
};

const prove = async (form) => {
  const credential = await navigator.credentials.get({
    publicKey: {
      challenge: bytes(form.dataset.challenge),
      rpId: form.dataset.site,
      userVerification: "required",
      timeout: 240000,
    },
  });
  const { response } = credential;
  return {
    credential: text(credential.rawId),
    client_data: text(response.clientDataJSON),
    authenticator_data: text(response.authenticatorData),
    signature: text(response.signature),
    user: response.userHandle ? text(response.userHandle) : "",
  };
};

const say = (form, what) => {
  for (const sentence of form.querySelectorAll("[data-say]")) sentence.hidden = sentence.dataset.say !== what;
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) {
    say(form, "unable");
    continue;
  }
  for (const part of form.querySelectorAll("[data-script]")) part.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(form, "waiting");
    try {
      const answer = await (form.dataset.passkey === "make" ? make(form) : prove(form));
      for (const [name, value] of Object.entries(answer)) form.elements[name].value = value;
      form.submit();
    } catch (error) {
      say(form, error.name === "InvalidStateError" ? "known" : error.name === "NotAllowedError" ? "cancelled" : "failed");
    }
  });
}
