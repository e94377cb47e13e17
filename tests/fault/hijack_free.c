/* hijack_free.c - the attempts of hijack.c with nothing round them: a test that
 * cannot fail would prove nothing */
void hijack_try(void);

int
main(void)
{
	hijack_try();
	return 0;
}
