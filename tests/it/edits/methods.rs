    /// The households of an office.
    ///
    /// # Errors
    /// [`Error::outcome`].
    #[allow(clippy::too_many_arguments)]
    pub async fn list_households(
        &self,
        customer_id: &CustomerId,
        year: i32,
        estate_type: Option<&crate::LoanPromiseEstateType>,
        limit: Option<i32>,
        name: Option<&str>,
        since: Option<&crate::DateTime>,
        tag: Option<&Vec<String>>,
        verified: bool,
        x_trace: Option<&str>,
    ) -> Result<Vec<crate::models::Household>, Error> {
        let call = Call::new("list_households", customer_id);
        self.send(call, None, async |operations| {
            operations
                .list_households(customer_id, year, estate_type, limit, name, since, tag, verified, x_trace)
                .await
        })
        .await
    }

    /// Adds notes.
    ///
    /// # Errors
    /// [`Error::outcome`].
    pub async fn add_notes(
        &self,
        customer_id: &CustomerId,
        note_key: &crate::models::NoteKey,
        body: Option<&str>,
        notes: &Vec<String>,
    ) -> Result<String, Error> {
        let call = Call::new("add_notes", customer_id).on("note", note_key);
        self.send(call, Some(notes), async |operations| operations.add_notes(customer_id, note_key, body).await)
        .await
    }

