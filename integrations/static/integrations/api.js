// The API's documentation: everything comes from this site, and the description is checked by nobody else.
SwaggerUIBundle({
  url: document.getElementById("api").dataset.description,
  dom_id: "#api",
  deepLinking: true,
  validatorUrl: null,
});
